"""Run a study and compare its arms: ``python -m agents.study agents/studies/demo.yaml``."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console

from agents.arms import load_arms
from agents.cli import ArgumentParser, run_command, whole_number
from agents.config import RunConfig
from agents.errors import UsageError
from agents.executor import Job, execute_jobs
from agents.files import locked, write_json
from agents.run_folder import FORMAT, RunFolder
from agents.study_config import StudyConfig, parse_study, read_study_file
from agents.table import counts, study_display
from agents.train import add_run_settings, run_settings
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
    configs = study.runs()  # before anything is written
    root.mkdir(parents=True, exist_ok=True)
    with locked(root, "the study"):
        jobs = _plan(study, configs, name, root)
        if arguments.list:
            print("\n".join(shlex.join(job.command()) for job in jobs if job.state == "waiting"))
            return 0
        _train(jobs, arguments.processes, study.num_threads)
        return _report(jobs, root)


def _report(jobs: list[Job], root: Path) -> int:
    """Name the failed runs and compare the others; return the exit code."""
    failed = [job for job in jobs if job.state == "failed"]
    for job in failed:
        print(f"failed: {job.name}: {job.reason} (see {job.log})", file=sys.stderr)
    compared = _compare(root)
    return 0 if compared and not failed else INCOMPLETE


def make_parser() -> ArgumentParser:
    """Make the parser: a study file, or flags for the common case."""
    parser = ArgumentParser(
        prog="python -m agents.study", description="Train and compare matched runs."
    )
    parser.add_argument(
        "file", type=Path, nargs="?", help="study file, or the name of one in agents/studies"
    )
    parser.add_argument("--env", nargs="+", metavar="GAME", help="games")
    parser.add_argument("--algo", nargs="+", help="algorithms (default: a2c ppo)")
    parser.add_argument(
        "--arms",
        nargs="+",
        metavar="ARM",
        help=f"{', '.join(load_arms())}, or dotted paths of extractors (default: standard coord)",
    )
    parser.add_argument("--seeds", type=whole_number, help="number of matched seeds (default: 5)")
    add_run_settings(parser)
    parser.add_argument(
        "-f", "--log-folder", type=Path, help="the study's folder (default: runs/<its name>)"
    )
    parser.add_argument(
        "--processes",
        type=whole_number,
        default=_cores(),
        help="runs that train at a time (default: one a core)",
    )
    parser.add_argument(
        "--list", action="store_true", help="print a command for every unfinished run, and exit"
    )
    return parser


def _study(arguments: argparse.Namespace) -> tuple[str, StudyConfig]:
    """Read the study that the arguments name or describe; flags replace a file's values."""
    values: dict[str, Any] = {}
    if arguments.file is not None:
        values = read_study_file(arguments.file)
    elif not arguments.env:
        raise UsageError("give a study file, or games: --env Pong Breakout")
    names = ("env", "algo", "arms", "seeds")
    values |= {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
    values |= run_settings(arguments)
    source = "study" if arguments.file is None else arguments.file.name
    study = parse_study(values, source)
    if arguments.hyperparams:
        replaced = {
            algo: {**study.hyperparams.get(algo, {}), **dict(arguments.hyperparams)}
            for algo in study.algo
        }
        study = parse_study({**values, "hyperparams": replaced}, source)
    name = "-".join(study.env).lower() if arguments.file is None else arguments.file.stem
    return name.replace("/", "-").replace(":", "-"), study


def _plan(study: StudyConfig, configs: list[RunConfig], name: str, root: Path) -> list[Job]:
    """Write the study and its runs down; runs that are finished stay so.

    :raises UsageError: If the folder holds runs of another configuration
    """
    jobs = [Job(str(c.relative_folder), RunFolder(root / c.relative_folder)) for c in configs]
    for job, config in zip(jobs, configs, strict=True):
        job.folder.plan(config)
        if job.folder.finished:
            job.state = "skipped"
    record = {
        "format": FORMAT,
        "name": name,
        "config": study.model_dump(mode="json"),
        "hash": study.hash,
        "runs": [job.name for job in jobs],
        "comparison": {**study.comparison.model_dump(), "baseline": study.baseline},
        "note": study.note,
    }
    write_json(root / "study.json", record)
    return jobs


def _train(jobs: list[Job], processes: int, num_threads: int) -> None:
    console = Console(stderr=True)
    console.print(f"{len(jobs)} runs, {processes} at a time: {counts(jobs)}", highlight=False)
    start = monotonic()
    executing = execute_jobs(jobs, processes, num_threads)
    with study_display(jobs, console) as display, closing(executing):
        for _ in executing:
            display.update()
    took = timedelta(seconds=round(monotonic() - start))
    console.print(f"{counts(jobs)} after {took}", highlight=False)


def _compare(root: Path) -> bool:
    """Compare what there is; say so where there is nothing to compare."""
    try:
        compare_runs(root)
    except CompareError as error:
        print(f"no comparison: {error}", file=sys.stderr)
        return False
    return True


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(run_command(main, None))
