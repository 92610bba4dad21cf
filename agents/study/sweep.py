"""Sensitivity to hyper-parameters: every arm at every value, compared at each, and side by side."""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from common.files import write_atomically
from common.plain_yaml import read_yaml

if TYPE_CHECKING:
    from coordrl.compare.comparing.results import ArmResult, Comparison, Contrast

CSV = "sweep.csv"


def swept(text: str) -> tuple[str, list[Any]]:
    """Read ``--sweep``'s ``name=value,value``, the values as YAML.

    >>> swept("n_steps=5,10")
    ('n_steps', [5, 10])
    """
    name, equals, values = text.partition("=")
    try:
        parsed = read_yaml(f"[{values}]")
    except ValueError:
        parsed = None
    if not (name and equals and parsed):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value,value,...")
    return name, parsed


def print_sweep(comparisons: Mapping[str, "Comparison"], console: Console) -> None:
    """Print the scores of every arm at every value.

    :param comparisons: By the folder of the values
    """
    table = Table("game", "algorithm", "values", "arm", box=None, title="the sweep")
    for column in ("seeds", "score", "against baseline"):
        table.add_column(column, justify="right")
    table.add_column("verdict at these values")
    for label, comparison in comparisons.items():
        for group in comparison.groups:
            for name, arm, contrast in group.rows():
                row = (group.game, group.algorithm, label, name)
                table.add_row(*row, *_score_cells(arm), *_contrast_cells(contrast))
    console.print(table)


def save_sweep(root: Path, labels: list[str]) -> Path:
    """Write ``sweep.csv``: the rows of every comparison.csv, after the values they are for.

    :param labels: The folders within it that have been compared
    """
    rows: list[dict[str, str]] = []
    for label in labels:
        with (root / label / "comparison" / "comparison.csv").open(newline="") as file:
            values = dict(pair.split("=", 1) for pair in label.split(","))
            rows += [{**values, **row} for row in csv.DictReader(file)]

    def write(draft: Path) -> None:
        with draft.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    write_atomically(root / CSV, write)
    return root / CSV


def _score_cells(arm: "ArmResult | None") -> tuple[str, str]:
    return ("0", "") if arm is None else (str(len(arm.seeds)), f"{arm.mean:,.4g}")


def _contrast_cells(contrast: "Contrast | None") -> tuple[str, str]:
    if contrast is None:
        return "", "baseline"
    if contrast.difference is None:
        return "", "no runs"
    between = ""
    if contrast.interval is not None:
        low, high = contrast.interval
        between = f" [{low:+,.4g}, {high:+,.4g}]"
    return f"{contrast.difference:+,.4g}{between}", str(contrast.verdict)
