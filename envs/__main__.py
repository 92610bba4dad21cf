"""List the games, the suites and the protocols: ``python -m envs [GAME or SUITE ...]``."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from signal import SIG_DFL, SIGPIPE, signal

from common.command_line import ArgumentParser
from envs.games import Game, all_games, reference_scores
from envs.not_so_clevr import NOT_SO_CLEVR
from envs.protocols import PROTOCOLS
from envs.suites import all_suites, expand_games


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command, with exit code 2 for an unknown name.

    :param argv: its arguments, by default those of the process
    """
    parser = ArgumentParser(prog="python -m envs", description="List Atari games.")
    parser.add_argument("names", nargs="*", help="games or suites to list instead of everything")
    names: list[str] = parser.parse_args(argv).names
    try:
        games = expand_games(names) if names else all_games()
    except ValueError as error:
        parser.error(str(error))
    if not names:
        _list_suites_and_protocols()
    _list_games(games)


def _list_suites_and_protocols() -> None:
    print("Suites")
    for suite in all_suites().values():
        print(f"  {suite.name:<9} {len(suite.games):>3} games")
        print(textwrap.fill(suite.source, 98, initial_indent="    ", subsequent_indent="    "))
    print("\nProtocols")
    for name, protocol in PROTOCOLS.items():
        settings = ", ".join(f"{field}={value}" for field, value in asdict(protocol).items())
        print(f"  {name}")
        print(textwrap.fill(settings, 98, initial_indent="    ", subsequent_indent="    "))
    print(f"\nNot Atari\n  {NOT_SO_CLEVR}: name the cell that a square stands in\n")


def _list_games(games: Iterable[Game]) -> None:
    print("Games (scores of random play and of a professional human, from DeepMind's DQN Zoo)")
    print(f"  {'name':<17} {'ROM':<17} {'random':>9} {'human':>9}")
    for game in games:
        scores = reference_scores(game)
        shown = f"{scores['random']:>9} {scores['human']:>9}" if scores else f"{'-':>9} {'-':>9}"
        print(f"  {game.name:<17} {game.rom:<17} {shown}")


if __name__ == "__main__":
    signal(SIGPIPE, SIG_DFL)  # end quietly when the reader, such as `head`, has seen enough
    main()
