"""One look for an arm in every figure: colour, dash and marker differ, so print works too."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coordrl.compare.results import Group

# Okabe and Ito's palette for all kinds of colour vision, without its yellow, too pale on white.
_COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# Plotly's name and matplotlib's of each; their number shares no factor with the colours'.
_DASHES = (
    ("dash", (0, (5, 2))),
    ("solid", (0, ())),
    ("dashdot", (0, (6, 2, 1, 2))),
    ("dot", (0, (1, 1.5))),
    ("longdash", (0, (9, 3))),
)


class Style(NamedTuple):
    """How an arm is drawn."""

    colour: str
    plotly_dash: str
    matplotlib_dash: tuple[int, tuple[float, ...]]

    def pale(self, opacity: float) -> str:
        """Return the colour with an opacity, as CSS."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity})"


def return_range(group: Group) -> tuple[float, float]:
    """Return the returns that a figure of learning curves shows.

    The curves of all seeds and the score of random play, and as much of the bands as fits into
    three times that: with two seeds a band can dwarf its curves.
    """
    seeds = np.concatenate([arm.curve.seeds.ravel() for arm in group.arms])
    bands = np.concatenate([[*arm.curve.lower, *arm.curve.upper] for arm in group.arms])
    marks = [] if group.random_score is None else [group.random_score]
    low = float(np.nanmin([*seeds, *marks]))
    high = float(np.nanmax([*seeds, *marks]))
    room = max(high - low, 1e-3 * max(abs(low), abs(high), 1.0))
    lowest = max(low - room, float(np.nanmin([*bands, low])))
    highest = min(high + room, float(np.nanmax([*bands, high])))
    return lowest - 0.05 * room, highest + 0.05 * room


def styles(arms: Sequence[str]) -> dict[str, Style]:
    """Return a style for each arm; the first, the baseline, is black and dashed."""
    return {
        arm: Style(_COLOURS[i % len(_COLOURS)], *_DASHES[i % len(_DASHES)])
        for i, arm in enumerate(arms)
    }
