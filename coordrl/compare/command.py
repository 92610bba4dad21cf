"""Comparing a folder from end to end, and the command line."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from rich.console import Console

from coordrl.compare.analysis import compare
from coordrl.compare.errors import CompareError
from coordrl.compare.events import save_events
from coordrl.compare.plots import save_plots
from coordrl.compare.records import plain
from coordrl.compare.report import save_report
from coordrl.compare.results import Comparison
from coordrl.compare.runs import read_study
from coordrl.compare.tables import print_comparison, save_csv

_ASIDE = ".writing-"


def run_comparison(
    folder: Path,
    *,
    output: str | Path | None = None,
    baseline: str | None = None,
    console: Console | None = None,
) -> Comparison:
    """Do what :func:`coordrl.compare.compare_runs` promises."""
    console = console or Console()
    comparison = compare(read_study(folder), baseline)
    target = Path(output) if output is not None else folder / "comparison"
    save_comparison(comparison, target)
    print_comparison(comparison, console)
    console.print(
        f"report: {target / 'report.html'}", soft_wrap=True, highlight=False, markup=False
    )
    return comparison


def save_comparison(comparison: Comparison, target: Path) -> None:
    """Write the report, plots, tables and TensorBoard files of a comparison.

    Every file is written aside and then renamed over its predecessor, so a reader never sees
    half of one. Plots of an earlier comparison that no longer exist go.

    :param comparison: what was found
    :param target: the folder; it may hold an earlier comparison, but nothing else
    :raises CompareError: if it holds something else, or is a file
    """
    _check_target(target)
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_ASIDE, dir=target) as name:
        aside = Path(name)
        record = json.dumps({"format": 1, **plain(comparison)}, indent=1, allow_nan=False)
        (aside / "comparison.json").write_text(record + "\n", encoding="utf-8")
        save_csv(comparison, aside / "comparison.csv")
        save_plots(comparison, aside)
        save_report(comparison, aside / "report.html")
        _move_in(aside, target)
    shutil.rmtree(target / "tensorboard", ignore_errors=True)
    save_events(comparison, target / "tensorboard")


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise CompareError(f"{target} is a file: give a folder to --output")
    if not target.is_dir() or (target / "comparison.json").exists():
        return
    if any(not path.name.startswith(_ASIDE) for path in target.iterdir()):
        raise CompareError(f"{target} holds other files: give --output a folder of its own")


def _move_in(aside: Path, target: Path) -> None:
    """Replace an earlier comparison's files; comparison.json first, it marks the folder as ours."""
    files = [path.name for path in aside.iterdir()]
    for old in [*target.glob("curves_*.png"), *target.glob("curves_*.svg")]:
        if old.name not in files:
            old.unlink()
    for name in sorted(files, key=lambda name: (name == "report.html", name != "comparison.json")):
        (aside / name).replace(target / name)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: without the program's name; by default those of the process
    :return: the exit code: 0, or 2 for bad input
    """
    parser = _Parser(
        prog="python -m coordrl.compare",
        description="Compare the arms of a study: learning curves, tests and a report.",
    )
    parser.add_argument("folder", type=Path, help="a study's folder, or any folder of runs")
    parser.add_argument(
        "--output", type=Path, help="where to write the report (default: FOLDER/comparison)"
    )
    parser.add_argument(
        "--baseline", help="the arm to compare with (default: the study's, else standard)"
    )
    options = parser.parse_args(arguments)
    try:
        run_comparison(options.folder, output=options.output, baseline=options.baseline)
    except (CompareError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
