"""The looks of a sequential study as rows of the page, each p-value on a line of levels."""

from dataclasses import dataclass
from math import log10

from coordrl.compare.comparing.results import Comparison, Group, LookResult

#: The drawing's width in SVG units; its left is a p-value of 1.
WIDTH = 200
_DECADES = 5.3


@dataclass(frozen=True)
class LookRow:
    """A look at a comparison.

    :param first: whether it is the comparison's first look
    :param at: where its p-value lies in the drawing, None without one
    :param needed: where significance begins, for the comparison that Holm's method takes first and
        for the last; None where none is possible
    """

    group: Group
    arm: str
    look: LookResult
    first: bool
    at: float | None
    needed: tuple[float | None, float | None]


def look_rows(comparison: Comparison) -> list[LookRow]:
    """Return all looks that have been taken."""
    result = comparison.sequential
    if result is None:
        return []
    rows = []
    for group, contrast in comparison.contrasts():
        for look in contrast.looks:
            index = result.looks.index(look.planned)
            needed = (_place(result.levels[0][index]), _place(result.levels[1][index]))
            first = look is contrast.looks[0]
            rows.append(LookRow(group, contrast.arm, look, first, _place(look.p_rounded), needed))
    return rows


def _place(p: float | None) -> float | None:
    return round(WIDTH * min(1.0, -log10(p) / _DECADES), 1) if p else None
