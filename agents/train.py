"""Train one agent: ``python -m agents.train --algo ppo --env Pong --arm coord``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from agents.run.arm import load_arms
from agents.run.config import RunConfig, make_run_config, resolve_device
from agents.run.display import describe, run_display
from agents.run.folder import RunFolder
from agents.run.hyperparams import ALGORITHMS
from agents.run.settings import (
    add_resume_inexactly,
    add_run_settings,
    add_trust,
    run_settings,
)
from agents.run.tracking import add_tracking, tracking_of
from common.command_line import ArgumentParser, run_command, tell
from common.errors import UsageError
from common.processes import end_with_input


def main(argv: Sequence[str] | None = None) -> int:
    """Train one agent as the command line says.

    :param argv: Arguments, those of the process if None
    """
    arguments = make_parser().parse_args(argv)
    if arguments.attached:
        end_with_input()
    folder = _folder(arguments)
    config = folder.config
    if folder.finished:
        tell(f"{folder.path} is finished already")
        return 0
    _train(folder, config, arguments)
    score = folder.record["score"]
    result = f"score {score['mean']:,.2f} over {score['games']} games" if score else "no score"
    print(f"{describe(config)}: {result}; {folder.path}")
    if arguments.like:
        print(f"{_likeness(folder, RunFolder(arguments.like))} {arguments.like}")
    return 0


def make_parser() -> ArgumentParser:
    """Make the parser of RL Zoo's flags, as far as they apply."""
    parser = ArgumentParser(prog="python -m agents.train", description="Train one agent.")
    parser.add_argument("--algo", choices=list(ALGORITHMS), help="the algorithm")
    parser.add_argument("--env", metavar="GAME", help="Atari game, or Gymnasium id with images")
    parser.add_argument(
        "--arm",
        default="standard",
        help=f"{', '.join(load_arms())}, or the dotted path of an extractor (default: standard)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the run (default: 0)")
    parser.add_argument(
        "-f",
        "--log-folder",
        type=Path,
        help="folder of the runs (default: runs, with --like runs/repeated)",
    )
    parser.add_argument(
        "--run", type=Path, metavar="DIR", help="train the run planned in this folder, instead"
    )
    parser.add_argument(
        "--like", type=Path, metavar="RUN", help="repeat this run, below --log-folder, instead"
    )
    add_run_settings(parser)
    add_trust(parser)
    add_resume_inexactly(parser)
    parser.add_argument(
        "--attached",
        action="store_true",
        help="end when standard input closes, as it does when the process at its other end dies",
    )
    add_tracking(parser)
    return parser


def _folder(arguments: argparse.Namespace) -> RunFolder:
    if arguments.run is not None or arguments.like is not None:
        _check_alone(arguments)
        planned = RunFolder(arguments.run or arguments.like).trusted(arguments.trust)
        return planned if arguments.run else _like(arguments, planned.config)
    if not (arguments.algo and arguments.env):
        raise UsageError("--algo and --env are needed, such as --algo ppo --env Pong")
    config = make_run_config(
        env=arguments.env,
        algo=arguments.algo,
        arm=arguments.arm,
        seed=arguments.seed,
        hyperparams=dict(arguments.hyperparams),
        **run_settings(arguments),
    )
    folder = RunFolder((arguments.log_folder or Path("runs")) / config.relative_folder)
    folder.plan(config)
    return folder


def _check_alone(arguments: argparse.Namespace) -> None:
    """Check that nothing else describes a run that has been described already."""
    if arguments.run and arguments.like:
        raise UsageError("--run and --like name a run each: give one of them")
    given = ["--algo"] * bool(arguments.algo) + ["--env"] * bool(arguments.env)
    given += ["--hyperparams"] * bool(arguments.hyperparams)
    given += [f"--{name.replace('_', '-')}" for name in run_settings(arguments)]
    if given:
        flag = "--run" if arguments.run else "--like"
        raise UsageError(f"{flag} trains a run as it was planned: leave out {', '.join(given)}")


def _like(arguments: argparse.Namespace, config: RunConfig) -> RunFolder:
    """Plan the repetition of a run, in another folder."""
    resolve_device(config.device)
    root = arguments.log_folder or Path("runs", "repeated")
    folder = RunFolder(root / config.relative_folder)
    if folder.path.resolve() == arguments.like.resolve():
        raise UsageError(f"{arguments.like} is the run itself: give another --log-folder")
    folder.plan(config)
    return folder


def _likeness(folder: RunFolder, like: RunFolder) -> str:
    """Say whether a repetition has come to the same weights at each mark, and the same games."""
    if folder.record["fingerprints"] != like.record["fingerprints"]:
        return "other weights than"
    return "the same bits as" if folder.games() == like.games() else "other games than"


def _train(folder: RunFolder, config: RunConfig, arguments: argparse.Namespace) -> None:
    # Training imports TensorBoard: not before the command line is known to be right.
    from agents.training.execute import execute
    from agents.training.tracking import tracked

    tracking = tracking_of(arguments)
    tracker = tracked(folder, tracking) if tracking else None
    with run_display(config) as report:
        execute(folder, report, inexact=arguments.resume_inexactly, tracker=tracker)


if __name__ == "__main__":
    sys.exit(run_command(main, None))
