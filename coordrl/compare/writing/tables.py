"""The comparison as tables: for the terminal and as CSV."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coordrl.compare.comparing.curves import SHARES
from coordrl.compare.comparing.results import ArmResult, Comparison, Contrast, Group
from coordrl.compare.comparing.words import (
    interval_text,
    number_text,
    p_text,
    plus_minus,
    short_verdict,
)
from coordrl.compare.reading.runs import Outcome

_COST_COLUMNS = ("timesteps_per_second", "wall_seconds", "cpu_seconds")
_ARM_COLUMNS = (
    "seeds",
    "score",
    "score_low",
    "score_high",
    "sample_efficiency",
    "sample_efficiency_low",
    "sample_efficiency_high",
    *(f"timesteps_to_{100 * share:g}" for share in SHARES),
    "parameters",
    *_COST_COLUMNS,
)
_TEST_COLUMNS = (
    "margin",
    "p_value",
    "p_holm",
    "p_t",
    "p_equivalence",
    "correlation",
    "verdict",
    "size",
    "seeds_needed",
    "p_sequential",
    "state",
    "look_seeds",
)
_CONTRAST_COLUMNS = (
    "outcome",
    "difference",
    "difference_low",
    "difference_high",
    *_TEST_COLUMNS,
    "score_difference",
    "score_difference_low",
    "score_difference_high",
    "score_p_value",
)


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the headline, a table, and what is missing."""
    console.print(_terminal_table(comparison))
    console.print(comparison.headline, style="bold", highlight=False, markup=False)
    for note in comparison.all_notes():
        console.print(f"note: {note}", highlight=False, markup=False)
    if comparison.missing:
        console.print(f"missing ({len(comparison.missing)}):", style="bold")
    for missing in comparison.missing:
        console.print(f"  {missing.name}: {missing.reason}", highlight=False, markup=False)


def _terminal_table(comparison: Comparison) -> Table:
    title = f"{comparison.declared.name}: every arm against {comparison.baseline}"
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("arm", overflow="fold")
    outcome = "score" if comparison.declared.outcome == "score" else "curve"
    p_name = "p Holm" if comparison.sequential is None else "p (1 look)"
    for name in ("n", f"{outcome} ± 95 %", "diff.", "95 % interval", p_name):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for group in comparison.groups:
        table.add_row(f"[bold]{escape(group.title)}[/bold]")
        for name, arm, contrast in group.rows():
            table.add_row(escape(f"  {name}"), *verdict_cells(arm, contrast))
        table.add_section()
    return table


def _p_values(contrast: Contrast) -> str:
    """Return the corrected p-value, and beside it what it would be if nobody had looked before."""
    if not contrast.looks:
        return p_text(contrast.p_holm)
    return f"{p_text(contrast.p_holm)} ({p_text(contrast.p_value)})"


def save_csv(comparison: Comparison, path: Path) -> None:
    """Write one row an arm; the columns of a contrast are empty for the baseline."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in csv_rows(comparison):
            writer.writerow((*(_text_cell(str(name)) for name in row[:4]), *row[4:]))


def csv_rows(comparison: Comparison) -> Iterator[tuple[object, ...]]:
    """Return the names of columns, the first four of them texts, and a row for each arm."""
    yield ("game", "algorithm", "arm", "baseline", *_ARM_COLUMNS, *_CONTRAST_COLUMNS)
    for group in comparison.groups:
        for name, arm, contrast in group.rows():
            contrast_cells = _contrast_cells(contrast, comparison.declared.outcome)
            names = (group.game, group.algorithm, name, comparison.baseline)
            yield (*names, *_arm_cells(group, arm), *contrast_cells)


def _text_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, at the start or after its separator.

    >>> _text_cell("=1+1;-2"), _text_cell("coord-first")
    ("'=1+1;'-2", 'coord-first')
    """
    return re.sub(r"(^|;)(?=\s*[=+\-@])", r"\1'", text)


def verdict_cells(arm: ArmResult | None, contrast: Contrast | None) -> tuple[str, ...]:
    """Return what tables say of an arm: seeds, mean, difference, its interval, p and verdict."""
    return (
        str(len(arm.seeds)) if arm else "0",
        plus_minus(arm.mean, arm.interval) if arm else "",
        number_text(contrast.difference, sign=True) if contrast else "",
        interval_text(contrast.interval) if contrast else "",
        _p_values(contrast) if contrast else "",
        short_verdict(contrast),
    )


def _arm_cells(group: Group, arm: ArmResult | None) -> list[object]:
    if arm is None:
        return [0, *[None] * (len(_ARM_COLUMNS) - 1)]
    reached = [
        reach.median for t in group.thresholds for reach in t.reaches if reach.arm == arm.arm
    ]
    return [
        len(arm.seeds),
        arm.score,
        *(arm.score_interval or (None, None)),
        arm.sample_efficiency,
        *(arm.sample_efficiency_interval or (None, None)),
        *(reached or [None] * len(SHARES)),
        (arm.parameters or {}).get("total"),
        *(getattr(arm, name) for name in _COST_COLUMNS),
    ]


def _contrast_cells(contrast: Contrast | None, outcome: Outcome) -> list[object]:
    if contrast is None:
        return [None] * len(_CONTRAST_COLUMNS)
    of_scores = contrast.secondary or contrast
    return [
        outcome,
        contrast.difference,
        *(contrast.interval or (None, None)),
        *(getattr(contrast, name) for name in _TEST_COLUMNS),
        of_scores.difference,
        *(of_scores.interval or (None, None)),
        of_scores.p_value,
    ]
