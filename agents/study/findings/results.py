"""What a study's comparisons come to, in the words of both pages."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.study.findings.records import Record
from coordrl.compare.comparing import words
from coordrl.compare.comparing.results import Contrast, Group
from coordrl.compare.statistics.two_arms import Interval, holm

#: The figure of both pages, below docs.
FIGURE = "images/findings.png"
#: The column of :func:`shares`.
SHARE = "coord minus standard, % of what standard learns (95 %)"


def paragraphs(*parts: str) -> str:
    """Join those that are not empty."""
    return "\n\n".join(part for part in parts if part)


class Secondary(NamedTuple):
    """A comparison of the secondary outcome.

    :param correlation: of the primary outcome
    :param p_holm: corrected for the study's games
    """

    group: Group
    found: Contrast
    correlation: float | None
    p_holm: float


def secondary(record: Record) -> list[Secondary]:
    """Return the comparisons of the study's secondary outcome."""
    some = [
        (group, found.secondary, found.correlation)
        for group, found in record.compared.contrasts()
        if found.secondary is not None
    ]
    corrected = holm([1.0 if found.p_value is None else found.p_value for _, found, _ in some])
    return [Secondary(*one, p) for one, p in zip(some, corrected, strict=True)]


def shares(record: Record) -> list[tuple[Group, Contrast, str]]:
    """Return each comparison with its difference in percent of what the baseline has learned.

    The margin is a share of that; it is taken as known.
    """
    told = []
    for group, found in record.compared.contrasts():
        share = words.NONE
        if found.margin and found.difference is not None and found.interval is not None:
            percent = 100 * record.compared.declared.margin / found.margin
            value = words.number_text(percent * found.difference, sign=True)
            ends = Interval(percent * found.interval.low, percent * found.interval.high)
            share = f"{value} ({words.interval_text(ends)})"
        told.append((group, found, share))
    return told


def decided(record: Record) -> list[str]:
    """Return the games whose verdict is better or worse."""
    return [
        group.game
        for group, found in record.compared.contrasts()
        if found.verdict in ("better", "worse")
    ]


def count(records: Sequence[Record]) -> str:
    """Say how many of the studies' runs have finished."""
    finished, planned = sum(len(r.runs) for r in records), sum(r.planned for r in records)
    counted = f"{finished} of {planned} runs have finished"
    if all(record.complete for record in records):
        return f"{counted}."
    return f"{counted}; a study is judged when all of its own have."


def algorithm(record: Record) -> str:
    """Name a study's algorithm."""
    return words.algorithm_text(record.study.algo[0])


def names(group: Group) -> tuple[str, str]:
    """Name algorithm and game."""
    return words.algorithm_text(group.algorithm), group.game


def difference(found: Contrast) -> str:
    """Return a difference with its interval."""
    value = words.number_text(found.difference, sign=True)
    return f"{value} ({words.interval_text(found.interval)})"
