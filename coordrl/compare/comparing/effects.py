"""Differences in one unit for all games: the margin, the smallest difference that matters."""

from dataclasses import dataclass

from coordrl.compare.comparing.results import Contrast
from coordrl.compare.statistics.two_arms import Interval

_SIGNIFICANT = ("better", "worse", "negligible")


@dataclass(frozen=True)
class Effect:
    """A difference from the baseline, divided by its margin.

    :param value: the difference; from -1 to 1 it does not matter
    :param interval: its 95 % interval, or None
    :param significant: whether the corrected primary test says that it is not 0
    """

    value: float
    interval: Interval | None
    significant: bool


def effect(contrast: Contrast) -> Effect | None:
    """Return a contrast's difference in margins.

    :param contrast: an arm against the baseline
    :return: the effect, or None where there is no difference, or no margin that means anything:
        the margin is a share of what the baseline scores above random play
    """
    if contrast.difference is None or not contrast.margin or contrast.verdict == "uninformative":
        return None
    ends = contrast.interval
    return Effect(
        contrast.difference / contrast.margin,
        ends and Interval(ends.low / contrast.margin, ends.high / contrast.margin),
        contrast.verdict in _SIGNIFICANT,
    )
