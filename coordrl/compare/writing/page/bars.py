"""The small interval beside each verdict: a forest plot, a row at a time, as inline SVG."""

from dataclasses import dataclass

import numpy as np

from coordrl.compare.comparing.contrasts import Effect, effect
from coordrl.compare.comparing.results import Comparison, Contrast

# Differences are drawn up to this many margins; an arrow says that they go on.
_FARTHEST = 8.0
_NEAREST = 2.0


@dataclass(frozen=True)
class Bar:
    """An interval and its estimate in SVG units from the left.

    :param low: lower end of the interval, or the estimate where there is none
    :param cut_low: whether the interval goes on below the drawing
    :param cut_high: whether it goes on above
    :param significant: whether the corrected test says that the difference is not 0
    """

    at: float
    low: float
    high: float
    cut_low: bool
    cut_high: bool
    significant: bool


class Bars:
    """Draws all differences of a comparison on one scale."""

    #: The drawing's width in SVG units; its middle is a difference of 0.
    width = 200

    def __init__(self, comparison: Comparison) -> None:
        effects = [effect(contrast) for _, contrast in comparison.contrasts()]
        ends = [abs(end) for found in effects if found for end in _ends(found)]
        #: Margins from the middle to each side.
        self.limit = float(np.clip(max(ends, default=_NEAREST), _NEAREST, _FARTHEST))

    @property
    def margin(self) -> tuple[float, float]:
        """Where the margin begins and ends."""
        return self._place(-1.0), self._place(1.0)

    def bar(self, contrast: Contrast) -> Bar | None:
        """Return a contrast's bar; None where its difference has no margin to be measured in."""
        found = effect(contrast)
        if found is None:
            return None
        low, high = _ends(found)[1:]
        return Bar(
            at=self._place(found.value),
            low=self._place(low),
            high=self._place(high),
            cut_low=low < -self.limit,
            cut_high=high > self.limit,
            significant=found.significant,
        )

    def _place(self, margins: float) -> float:
        inside = np.clip(margins / self.limit, -1.0, 1.0)
        return round(float(self.width / 2 + inside * (self.width / 2 - 4)), 1)


def _ends(found: Effect) -> tuple[float, float, float]:
    low, high = found.interval or (found.value, found.value)
    return found.value, low, high
