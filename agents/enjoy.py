"""Watch trained agents, the arms of a cell side by side: ``python -m agents.enjoy RUN``."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import torch

from agents.play.agent import find_runs
from agents.play.evaluation import add_game_settings, evaluation_seed, evaluation_seed_of
from agents.play.player import Player
from agents.play.video import Frame, compose, video_writer
from agents.play.window import window
from agents.run.arm import load_arms
from agents.run.config import RunConfig
from agents.run.display import describe
from agents.run.folder import RunFolder
from agents.run.hyperparams import ALGORITHMS
from agents.run.settings import add_trust
from common.command_line import ArgumentParser, run_command, tell, whole_number
from common.errors import UsageError
from common.files import write_atomically
from coordrl.compare.reading.folders import FOLLOW_LINKS
from envs import resolve_env_id

MOST_RUNS = 16
"""Agents side by side at most: a video of more would be too large for most players."""


def main(argv: Sequence[str] | None = None) -> int:
    """Play agents as the command line says.

    :param argv: Arguments, those of the process if None
    """
    arguments = make_parser().parse_args(argv)
    given_seed = evaluation_seed_of(arguments)
    runs = choose_runs(
        [*arguments.runs, *arguments.folder],
        arguments.env,
        arguments.algo,
        arguments.trust,
        arguments.follow_links,
    )
    output = arguments.output or common_folder(runs) / "video.mp4"
    if output.suffix != ".mp4" or not output.parent.is_dir():
        raise UsageError(f"{output} cannot be the video: give an .mp4 file in a folder that exists")
    seed = evaluation_seed(runs[0].config, given_seed)
    torch.set_num_threads(1)  # as evaluations do: sums in another order are other games
    with ExitStack() as stack:
        players = []
        for run in runs:
            player = Player(run, seed, arguments.deterministic, dict(arguments.env_kwargs))
            players.append(stack.enter_context(closing(player)))
        names = short_names([player.config for player in players])
        write_atomically(
            output,
            lambda draft: play(
                players, names, draft, arguments.n_timesteps, not arguments.no_render
            ),
        )
    for run, player in zip(runs, players, strict=True):
        score = f"score {player.score:,.10g} in the game under way"
        print(f"{describe(run.config)}: {_games(player.returns)}; {score}")
    print(output)
    return 0


def make_parser() -> ArgumentParser:
    """Make the parser of RL Zoo's flags, as far as they apply."""
    parser = ArgumentParser(
        prog="python -m agents.enjoy",
        description="Watch trained agents, side by side if several: a video, and a window where "
        "there is a display.",
    )
    parser.add_argument(
        "runs",
        type=Path,
        nargs="*",
        metavar="RUN",
        help="folder of a run, or of the runs of a cell",
    )
    parser.add_argument(
        "-f",
        "--folder",
        type=Path,
        action="append",
        default=[],
        help="the same, under RL Zoo's name",
    )
    parser.add_argument("--env", metavar="GAME", help="of the runs in a folder, those of this game")
    parser.add_argument(
        "--algo", choices=list(ALGORITHMS), help="of the runs in a folder, those of this algorithm"
    )
    parser.add_argument(
        "-n", "--n-timesteps", type=whole_number, default=1000, help="steps to play (default: 1000)"
    )
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--deterministic", action="store_true", help="take the most probable action")
    kinds.add_argument(
        "--stochastic",
        dest="deterministic",
        action="store_false",
        help="draw actions, as in training (default)",
    )
    add_game_settings(parser)
    add_trust(parser)
    parser.add_argument("--follow-links", action="store_true", help=FOLLOW_LINKS)
    parser.add_argument("--no-render", action="store_true", help="open no window")
    parser.add_argument(
        "-o", "--output", type=Path, help="video (default: video.mp4 in the folder of the runs)"
    )
    return parser


def choose_runs(
    paths: Sequence[Path],
    env: str | None,
    algo: str | None,
    trust: bool = False,
    follow_links: bool = False,
) -> list[RunFolder]:
    """Choose the runs to play side by side: those that are named, or a cell of a folder's.

    :param paths: Folders of runs, or a folder with runs below it: of these the lowest seed's
    :param env: Game of the runs, None for any
    :param algo: Algorithm of the runs, None for any
    :raises UsageError: If there is no finished run, or several games or algorithms
    """
    if not paths:
        raise UsageError("give the folder of a run, or of the runs of a cell")
    runs, left_out = find_runs(paths, trust, follow_links)
    for reason in left_out:
        tell(f"left out: {reason}")
    if env is not None:
        runs = [run for run in runs if run.config.env == _resolved(env)]
    if algo is not None:
        runs = [run for run in runs if run.config.algo == algo]
    if not runs:
        raise UsageError(f"no finished run of {' '.join(filter(None, (env, algo)))} there")
    if not all(RunFolder(path).exists for path in paths):
        runs = _one_cell(runs)
    if len(runs) > MOST_RUNS:
        raise UsageError(f"{len(runs)} runs side by side are too many: name {MOST_RUNS} at most")
    return runs


def _one_cell(runs: list[RunFolder]) -> list[RunFolder]:
    """Of the runs of a folder, take those of the lowest seed."""
    kinds = sorted({f"{run.config.env} {run.config.algo}" for run in runs})
    if len(kinds) > 1:
        raise UsageError(
            f"there are runs of {', '.join(kinds)}: choose one with --env and --algo, or name runs"
        )
    seeds = sorted({run.config.seed for run in runs})
    if len(seeds) > 1:
        tell(f"seed {seeds[0]} of {seeds}: name runs for another one")
    order = list(load_arms())  # the standard arm first
    cell = [run for run in runs if run.config.seed == seeds[0]]
    return sorted(cell, key=lambda run: [*order, run.config.arm.name].index(run.config.arm.name))


def _resolved(env: str) -> str:
    try:
        return resolve_env_id(env)
    except ValueError as error:
        raise UsageError(str(error)) from None


def common_folder(runs: Sequence[RunFolder]) -> Path:
    """Return the folder that holds all runs; of a single run, its own."""
    return Path(os.path.commonpath([run.path.absolute() for run in runs]))


def short_names(configs: Sequence[RunConfig]) -> list[str]:
    """Name runs by what tells them apart; their arms in any case."""
    parts = [
        [config.arm.name, config.env, config.algo, f"seed {config.seed}"] for config in configs
    ]
    differ = [len(set(column)) > 1 for column in zip(*parts, strict=True)]
    return [
        " ".join(part for i, part in enumerate(named) if i == 0 or differ[i]) for named in parts
    ]


def play(
    players: Sequence[Player], names: Sequence[str], path: Path, n_timesteps: int, render: bool
) -> None:
    """Let agents play side by side, into a video, and in a window if one is wanted and possible.

    :param path: MP4 file to write
    :param n_timesteps: Steps; closing the window ends the video earlier
    :param render: Whether to open a window
    """
    frame = _frame(players, names)
    size, fps = (frame.shape[1], frame.shape[0]), players[0].fps
    with ExitStack() as stack:
        write = stack.enter_context(video_writer(path, size, fps))
        show = stack.enter_context(window(", ".join(names), size, fps)) if render else _unseen
        write(frame)
        for _ in range(n_timesteps):
            if not show(frame):
                break
            for player in players:
                player.step()
            frame = _frame(players, names)
            write(frame)


def _frame(players: Sequence[Player], names: Sequence[str]) -> Frame:
    captions = [
        (name, f"{player.score:,.10g}", _games(player.returns))
        for name, player in zip(names, players, strict=True)
    ]
    return compose([player.picture() for player in players], captions)


def _games(returns: Sequence[float]) -> str:
    """Sum up the games that are over."""
    if not returns:
        return "first game"
    mean = sum(returns) / len(returns)
    return f"games over: {len(returns)}, last {returns[-1]:,.10g}, mean {mean:,.2f}"


def _unseen(_frame: Frame) -> bool:
    return True


if __name__ == "__main__":
    sys.exit(run_command(main, None))
