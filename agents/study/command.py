"""Run a study and compare its arms: ``python -m agents.study agents/studies/demo.yaml``."""

import argparse
import shlex
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import Any

from agents.executors.choice import add_executor, executor_of
from agents.executors.jobs import Executor, Job
from agents.run.arm import load_arms
from agents.run.settings import add_resume_inexactly, add_run_settings, run_settings
from agents.run.tracking import add_tracking, tracking_of
from agents.study.config import StudyConfig, parse_study, read_study_file
from agents.study.costs import cost_of, cost_table
from agents.study.estimate import show_estimate, show_expected
from agents.study.folder import Part, expand, study_locked, write_study
from agents.study.looks import StudyLooks
from agents.study.outlook import warnings
from agents.study.scheduling import run_jobs
from agents.study.sweep import print_sweep, save_sweep, swept
from agents.study.table import counts, make_console, study_display
from common.command_line import ArgumentParser, tell, whole_number
from common.errors import UsageError
from common.processes import cores
from coordrl.compare import CompareError, compare_runs

INCOMPLETE = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run a study: train what is not finished, then compare.

    :param argv: Arguments, those of the process if None
    :return: Exit code: 1 if a run has failed or nothing can be compared
    """
    arguments = make_parser().parse_args(argv)
    name, study = _study(arguments)
    root = arguments.log_folder or Path("runs", name)
    processes = arguments.processes or max(cores() // study.num_threads, 1)
    elsewhere = arguments.executor != "local"
    parts = expand(name, study, root, elsewhere=elsewhere)  # before anything is written
    jobs = [job for part in parts for job in part.jobs]
    for part in parts:
        group = name if part.label == "." else f"{name}, {part.label}"
        for job in part.jobs:
            job.resume_inexactly = arguments.resume_inexactly
            job.tracking = tracking_of(arguments, group)
    _show_own_hyperparams(jobs)
    chosen = executor_of(arguments, processes, root, [job.config for job in jobs])
    if arguments.dry_run:
        _warn(study, jobs)
        if any(job.state == "skipped" for job in jobs):
            StudyLooks(parts, recording=False).update()
        hours = show_estimate(jobs, root, processes)
        show_expected(study, hours)
        return 0
    with study_locked(root, parts):
        write_study(name, study, root, parts)
        looks = StudyLooks(parts)
        if arguments.list:
            _list(jobs, looks)
            return 0
        with chosen as executor:
            _warn(study, jobs)
            _prepare_tracker(jobs)
            _train(jobs, executor, arguments.hang_timeout, looks)
        return _report(jobs, parts, root)


def make_parser() -> ArgumentParser:
    """Make the parser: a study file, or flags for the common case."""
    parser = ArgumentParser(
        prog="python -m agents.study",
        description="Train and compare matched runs. The same command goes on with a study.",
    )
    parser.add_argument(
        "file", type=Path, nargs="?", help="study file, or the name of one in agents/studies"
    )
    parser.add_argument("--env", nargs="+", metavar="GAME", help="games, or suite:atari-5")
    parser.add_argument("--algo", nargs="+", help="algorithms (default: a2c ppo)")
    parser.add_argument(
        "--arms",
        nargs="+",
        metavar="ARM",
        help=f"{', '.join(load_arms())}, or dotted paths of extractors (default: standard coord)",
    )
    parser.add_argument("--seeds", type=whole_number, help="number of matched seeds (default: 5)")
    add_run_settings(parser)
    add_resume_inexactly(parser)
    add_tracking(parser)
    parser.add_argument(
        "--sweep",
        type=swept,
        action="append",
        default=[],
        metavar="NAME=VALUE,VALUE",
        help="train every arm at every value of a hyper-parameter, and compare at each; repeat it "
        "for all combinations with another",
    )
    parser.add_argument(
        "-f", "--log-folder", type=Path, help="the study's folder (default: runs/<its name>)"
    )
    _add_scheduling(parser)
    return parser


def _add_scheduling(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--processes",
        type=whole_number,
        help="runs that train at a time; several can share a GPU (default: cores / --num-threads)",
    )
    add_executor(parser)
    parser.add_argument(
        "--hang-timeout",
        type=minutes,
        default=minutes("10"),
        metavar="MINUTES",
        help="end and retry a run without new timesteps for so long, 0 for never (default: 10)",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--list", action="store_true", help="print a command for every unfinished run, and exit"
    )
    instead.add_argument(
        "--dry-run",
        action="store_true",
        help="show the runs, and measure what time and disk they will take; write nothing",
    )


def minutes(text: str) -> float | None:
    """Read a number of minutes, as seconds; 0 stands for no limit.

    >>> minutes("2.5"), minutes("0")
    (150.0, None)
    """
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not (isfinite(number) and number >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes, 0 or more")
    return 60 * number or None


def _study(arguments: argparse.Namespace) -> tuple[str, StudyConfig]:
    """Read the study that the arguments name or describe; flags replace a file's values."""
    values: dict[str, Any] = {}
    if arguments.file is not None:
        values = read_study_file(arguments.file)
    elif not arguments.env:
        raise UsageError("give a study file, or games: --env Pong Breakout")
    names = ("env", "algo", "arms", "seeds")
    values |= {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
    settings = run_settings(arguments)
    for name in ("env_kwargs", "eval_env_kwargs"):
        if name in settings and isinstance(values.get(name), dict):
            settings[name] = {**values[name], **settings[name]}
    values |= settings
    if arguments.sweep:
        values["sweep"] = dict(arguments.sweep)
    source = "study" if arguments.file is None else arguments.file.name
    study = parse_study(values, source)
    if arguments.hyperparams:
        replaced = {
            algo: {**study.hyperparams.get(algo, {}), **dict(arguments.hyperparams)}
            for algo in study.algo
        }
        study = parse_study({**values, "hyperparams": replaced}, source)
    name = "-".join(arguments.env).lower() if arguments.file is None else arguments.file.stem
    return name.replace("/", "-").replace(":", "-"), study


def _show_own_hyperparams(jobs: list[Job]) -> None:
    """Name the arms that do not share the others' hyper-parameters."""
    for arm in {job.config.arm.name: job.config.arm for job in jobs}.values():
        if arm.hyperparams:
            tell(f"arm {arm.name} has its own {arm.hyperparams}")


def _warn(study: StudyConfig, jobs: list[Job]) -> None:
    for warning in warnings(study, [job.config for job in jobs]):
        tell(f"note: {warning}")


def _prepare_tracker(jobs: list[Job]) -> None:
    tracking = next((job.tracking for job in jobs if job.state == "waiting"), None)
    if tracking is not None:
        from agents.training.tracking import prepare  # imports TensorBoard

        prepare(tracking)


def _list(jobs: list[Job], looks: StudyLooks) -> None:
    """Print the commands of the runs that are to be trained, up to the next look."""
    looks.update()
    for job in jobs:
        if job.state == "waiting" and job.needed and looks.may_start(job, ahead=0):
            print(shlex.join(job.command()))


def _train(
    jobs: list[Job], executor: Executor, hang_timeout: float | None, looks: StudyLooks
) -> None:
    console = make_console(stderr=True)
    console.print(f"{len(jobs)} runs, {executor.capacity} at a time: {counts(jobs)}")
    start = monotonic()
    executing = run_jobs(jobs, executor, hang_timeout, looks)
    with study_display(jobs, executor.capacity, console) as display, closing(executing):
        for _ in executing:
            display.update()
    ended = [job.folder.record for job in jobs if job.state in ("finished", "skipped")]
    costs = [cost for record in ended if (cost := cost_of(record)) is not None]
    if costs:
        console.print(cost_table(costs))
    console.print(f"{counts(jobs)} after {timedelta(seconds=round(monotonic() - start))}")


def _report(jobs: list[Job], parts: list[Part], root: Path) -> int:
    """Name the runs that failed and compare the others; return the exit code."""
    for job in jobs:
        if job.failures and job.state == "finished":
            attempts = len(job.failures) + 1
            tell(f"took {attempts} attempts: {job.name}: {job.reason}")
    failed = [job for job in jobs if job.state == "failed"]
    for job in failed:
        tell(f"failed: {job.name}: {job.reason} (see {job.log})")
    compared = _compare(parts, root)
    return 0 if compared and not failed else INCOMPLETE


def _compare(parts: list[Part], root: Path) -> bool:
    """Compare what there is; say where there is nothing to compare."""
    comparisons = {}
    for part in parts:
        try:
            comparisons[part.label] = compare_runs(part.folder)
        except CompareError as error:
            tell(f"no comparison: {error}")
    if comparisons and "." not in comparisons:
        print_sweep(comparisons, make_console())
        print(f"sweep: {save_sweep(root, list(comparisons))}")
    return len(comparisons) == len(parts)
