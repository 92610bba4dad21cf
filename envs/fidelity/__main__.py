"""Measure how far the native Atari environments agree with SB3's: ``python -m envs.fidelity``."""

from collections.abc import Iterable, Sequence

from common.command_line import ArgumentParser
from envs.checks import check_at_least
from envs.fidelity.agreement import measure_agreement
from envs.fidelity.effects import measure_effects
from envs.games import Game
from envs.protocols import resolve_protocol
from envs.suites import expand_games


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command, with exit code 2 for wrong input; its tables are Markdown.

    :param argv: its arguments, by default those of the process
    """
    parser = ArgumentParser(
        prog="python -m envs.fidelity",
        description="Compare the native Atari environments with SB3's own wrappers.",
    )
    parser.add_argument(
        "games", nargs="*", default=["fidelity"], help="games or suites (default: fidelity)"
    )
    parser.add_argument("--steps", type=int, default=2000, help="steps compared (default: 2000)")
    parser.add_argument(
        "--episodes", type=int, default=20, help="games a mean return (default: 20; 0: none)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of games and actions (default: 0)"
    )
    options = parser.parse_args(argv)
    try:
        check_at_least(1, steps=options.steps)
        check_at_least(0, seed=options.seed)
        if options.episodes:
            check_at_least(2, episodes=options.episodes)
        games = expand_games(options.games)
    except ValueError as error:
        parser.error(str(error))
    _print_agreement(games, options.steps, options.seed)
    if options.episodes:
        _print_effects(games, options.episodes, options.seed)


def _print_agreement(games: Iterable[Game], steps: int, seed: int) -> None:
    print("The same actions, no no-ops; what SB3 fires unseen is fired openly")
    _print_row(
        "game",
        "FIRE",
        "steps",
        "lives lost",
        "games over",
        "rewards differ",
        "lives differ",
        "ends differ",
        "pixels differ by",
        "at most",
        "in last frames",
    )
    _print_row("---", "---", *["--:"] * 9)
    for game in games:
        for fire in (False, True):
            seen = measure_agreement(game, resolve_protocol("classic", fire=fire), steps, seed)
            _print_row(
                game.name,
                "on" if fire else "off",
                f"{seen.steps:,}",
                seen.lost_lives,
                seen.games,
                seen.steps - seen.rewards,
                seen.steps - seen.lives,
                seen.steps - seen.ends,
                f"{seen.frame_mean:.4f}",
                seen.frame_max,
                seen.last_frame_max,
            )  # fmt: skip


def _print_effects(games: Iterable[Game], episodes: int, seed: int) -> None:
    print(f"\nMean return of {episodes} random games, and the 95 % interval of native minus SB3")
    _print_row("game", "switched on", "native", "SB3", "difference", "from", "to")
    _print_row("---", "---", *["--:"] * 5)
    for game in games:
        for effect in measure_effects(game, episodes, seed):
            figures = (
                effect.native,
                effect.sb3,
                effect.native - effect.sb3,
                effect.low,
                effect.high,
            )
            _print_row(game.name, effect.setting, *[f"{figure:.1f}" for figure in figures])


def _print_row(*cells: object) -> None:
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


if __name__ == "__main__":
    main()
