"""Learning curves, tests and reports for matched runs: ``python -m coordrl.compare``."""

from pathlib import Path
from typing import TYPE_CHECKING

from coordrl.compare.errors import CompareError

if TYPE_CHECKING:
    from rich.console import Console

    from coordrl.compare.writing.notebook import NotebookComparison

__all__ = ["CompareError", "compare_runs"]


def compare_runs(
    path: str | Path,
    *others: str | Path,
    output: str | Path | None = None,
    baseline: str | None = None,
    source: str | None = None,
    pattern: str | None = None,
    tag: str | None = None,
    follow_links: bool = False,
    arm: str | None = None,
    console: "Console | None" = None,
) -> "NotebookComparison":
    """Compare the arms of a study, or of any runs, write the report and print the table.

    Needs the ``compare`` extra, which is imported only here.

    :param path: a study's folder, any folder of runs or of logs of SB3, RL Zoo or CleanRL, or
        a table (CSV, JSON) with the columns game, algorithm, arm, seed, step and return
    :param others: more of these, to be compared as one study
    :param output: where to write; by default ``<path>/comparison``, ``./comparison`` for several
    :param baseline: the arm the others are compared with; by default the study's, else
        "standard"
    :param source: what to read where runs have logs of several kinds: "runs" (our folders),
        "monitor", "evaluations", "progress" or "events"
    :param pattern: which part of a log's path is what, such as
        ``{game}/{algorithm}/{arm}/seed-{seed}``; matched with the last parts of the path
    :param tag: the curve in ``progress.csv`` or event files; by default the usual one
    :param follow_links: read also what links to folders lead to; without it they are an error
    :param arm: what the arms are, in place of what paths and run folders say: "algorithm", or a
        setting of RL Zoo's ``config.yml`` and ``args.yml`` or of ``run.json``
    :param console: where to print; by default the terminal
    :raises CompareError: if there is nothing to compare; the message is one line
    """
    from coordrl.compare.command import run_comparison

    return run_comparison(
        *(Path(path) for path in (path, *others)),
        output=output,
        baseline=baseline,
        console=console,
        source=source,
        pattern=pattern,
        tag=tag,
        follow_links=follow_links,
        arm=arm,
    )
