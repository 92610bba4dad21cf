"""Tables, as Markdown and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def to_markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def to_csv(records: Sequence[dict[str, Any]]) -> str:
    """Return records as CSV with all digits; where one lacks a name of others, nothing stands."""
    text = io.StringIO()
    names = dict.fromkeys(name for record in records for name in record)
    writer = csv.DictWriter(text, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def score(value: float, digits: int = 3) -> str:
    """Write a score, of which one below 1 is never rounded up to it.

    >>> score(0.0), score(0.12345), score(0.9999), score(1.0), score(-0.25, 2), score(3.97654, 2)
    ('0', '.123', '.999', '1', '-.25', '3.98')
    """
    if value in (0, 1):
        return f"{value:g}"
    size = abs(value) if abs(value) > 1 else min(abs(value), 1 - 10**-digits)
    sign = "-" if value < 0 else ""
    return sign + f"{size:.{digits}f}".removeprefix("0")
