"""Learning curves, tests and reports for matched runs: ``python -m coordrl.compare``."""

from pathlib import Path
from typing import TYPE_CHECKING

from coordrl.compare.errors import CompareError

if TYPE_CHECKING:
    from rich.console import Console

    from coordrl.compare.results import Comparison

__all__ = ["CompareError", "compare_runs"]


def compare_runs(
    folder: str | Path,
    *,
    output: str | Path | None = None,
    baseline: str | None = None,
    console: "Console | None" = None,
) -> "Comparison":
    """Compare the arms of a study, write the report and print the table.

    Needs the ``compare`` extra, which is imported only here.

    :param folder: a study's folder, or any folder with runs below it
    :param output: where to write; by default ``<folder>/comparison``
    :param baseline: the arm the others are compared with; by default the study's, else
        "standard"
    :param console: where to print; by default the terminal
    :return: what was found
    :raises CompareError: if there is nothing to compare; the message is one line
    """
    from coordrl.compare.command import run_comparison

    return run_comparison(Path(folder), output=output, baseline=baseline, console=console)
