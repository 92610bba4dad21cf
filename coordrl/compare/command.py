"""Comparing runs from end to end, and the command line."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.comparing.results import Comparison
from coordrl.compare.errors import CompareError, Parser, tell_error
from coordrl.compare.plain_text import plain
from coordrl.compare.plan import print_plan
from coordrl.compare.reading.folders import FOLLOW_LINKS
from coordrl.compare.reading.pattern import EXAMPLE
from coordrl.compare.reading.study import SOURCES, Request, read_study
from coordrl.compare.stages import stages
from coordrl.compare.writing.events import save_events
from coordrl.compare.writing.json_file import save_json
from coordrl.compare.writing.markdown import save_markdown
from coordrl.compare.writing.notebook import NotebookComparison
from coordrl.compare.writing.plots import figures_drawn
from coordrl.compare.writing.report import save_report
from coordrl.compare.writing.tables import print_comparison, save_csv

_ASIDE = ".writing-"


def run_comparison(
    *paths: Path,
    output: str | Path | None = None,
    baseline: str | None = None,
    console: Console | None = None,
    **request: Any,
) -> NotebookComparison:
    """Do what :func:`coordrl.compare.compare_runs` promises."""
    asked = Request(**request)
    console = console or Console()
    target = Path(output) if output is not None else _default_output(paths)
    check_target(target)
    with stages(console) as stage:
        study = read_study(*paths, request=asked, track=stage.track)
        stage.begin("comparing")
        comparison = NotebookComparison.of(compare(study, baseline))
        stage.begin("writing")
        save_comparison(comparison, target)
    print_comparison(comparison, console)
    console.print(
        plain(f"report: {target / 'report.html'}"), soft_wrap=True, highlight=False, markup=False
    )
    return comparison


def _default_output(paths: Sequence[Path]) -> Path:
    if len(paths) > 1:
        return Path("comparison")
    target = (paths[0] if paths[0].is_dir() else paths[0].parent) / "comparison"
    if target.is_symlink():
        raise CompareError(f"{target} is a link, which is not written through: give --output")
    return target


def save_comparison(comparison: Comparison, target: Path) -> None:
    """Write the report, plots, tables and TensorBoard files of a comparison.

    Every file is written aside and then renamed over its predecessor, so a reader never sees
    half of one. Figures of an earlier comparison that no longer exist go.

    :param target: the folder; it may hold an earlier comparison (see :func:`check_target`)
    """
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_ASIDE, dir=target) as name:
        aside = Path(name)
        with figures_drawn(comparison, aside):
            save_json(comparison, aside / "comparison.json")
            save_csv(comparison, aside / "comparison.csv")
            save_markdown(comparison, aside / "comparison.md")
            save_report(comparison, aside / "report.html")
            save_events(comparison, aside / "tensorboard")
        shutil.rmtree(target / "tensorboard", ignore_errors=True)
        _move_in(aside, target)


def check_target(target: Path) -> None:
    """Check that a folder can be written to without harm.

    :param target: the folder; it may hold an earlier comparison, but nothing else
    :raises CompareError: if it holds something else, or is a file
    """
    if target.exists() and not target.is_dir():
        raise CompareError(f"{target} is a file: give a folder to --output")
    if not target.is_dir() or (target / "comparison.json").exists():
        return
    if any(not path.name.startswith(_ASIDE) for path in target.iterdir()):
        raise CompareError(f"{target} holds other files: give --output a folder of its own")


def _move_in(aside: Path, target: Path) -> None:
    """Replace an earlier comparison's files; comparison.json first, it marks the folder as ours."""
    files = [path.name for path in aside.iterdir()]
    for old in [*target.glob("*.png"), *target.glob("*.svg")]:
        if old.name not in files:
            old.unlink()
    for name in sorted(files, key=lambda name: (name == "report.html", name != "comparison.json")):
        (aside / name).replace(target / name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: without the program's name; by default those of the process
    :return: the exit code: 0, or 2 for bad input
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if given[:1] == ["plan"]:
            print_plan(given[1:])
        else:
            options = vars(_make_parser().parse_args(given))
            run_comparison(*options.pop("paths"), **options)
    except (CompareError, OSError) as error:
        tell_error(error)
        return 2
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m coordrl.compare",
        description="Compare the arms of a study: learning curves, tests and a report.",
        epilog="'python -m coordrl.compare plan --help' tells how to plan seeds and timesteps.",
    )
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="a study's folder, any folder of runs or of the logs of SB3, RL Zoo or CleanRL, "
        "or a table (CSV, JSON) with the columns game, algorithm, arm, seed, step, return",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="where to write the report (default: PATH/comparison; ./comparison for several)",
    )
    parser.add_argument(
        "--baseline", help="the arm to compare with (default: the study's, else standard)"
    )
    parser.add_argument(
        "--pattern",
        help="for logs not of RL Zoo or CleanRL: which part of their path is what; the last "
        f"parts of the path are matched, * stands for any text (for example '{EXAMPLE}')",
    )
    parser.add_argument(
        "--source", choices=SOURCES, help="what to read where runs have logs of several kinds"
    )
    parser.add_argument(
        "--tag",
        help="the curve in progress.csv or event files "
        "(default: rollout/ep_rew_mean, or CleanRL's charts/episodic_return)",
    )
    parser.add_argument(
        "--arm",
        metavar="SETTING",
        help="what to compare, in place of the arms that paths and run folders name: algorithm, or "
        "a setting of RL Zoo's config.yml and args.yml or of run.json, such as learning_rate",
    )
    parser.add_argument("--follow-links", action="store_true", help=FOLLOW_LINKS)
    return parser
