"""One look for an arm in every figure: colour, dash and marker differ, so print works too."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.comparing.results import Group

# Okabe and Ito's palette for all kinds of colour vision, without its yellow, too pale on white.
_COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# Dashes in multiples of the line's width; their number shares no factor with the colours'.
_DASHES: tuple[tuple[float, ...], ...] = ((4, 2), (), (6, 2, 1, 2), (1, 1.5), (8, 3))
# Plotly's name and matplotlib's of each.
_MARKERS = (("square", "s"), ("circle", "o"), ("diamond", "D"), ("triangle-up", "^"), ("x", "X"))


class Style(NamedTuple):
    """How an arm is drawn.

    :param colour: as #rrggbb
    :param dash: lengths of dashes and gaps in multiples of the line's width; () is solid
    """

    colour: str
    dash: tuple[float, ...]
    plotly_marker: str
    matplotlib_marker: str


def styles(arms: Sequence[str]) -> dict[str, Style]:
    """Return a style for each arm; the first, the baseline, is black and dashed."""
    return {
        arm: Style(
            _COLOURS[i % len(_COLOURS)], _DASHES[i % len(_DASHES)], *_MARKERS[i % len(_MARKERS)]
        )
        for i, arm in enumerate(arms)
    }


def return_range(group: Group) -> tuple[float, float]:
    """Return the returns that a figure of a group's learning curves shows.

    The curves of all seeds and the score of random play, and as much of the bands as
    :func:`limits` lets in.
    """
    seeds = np.concatenate([arm.curve.seeds.ravel() for arm in group.arms])
    bands = np.concatenate([[*arm.curve.lower, *arm.curve.upper] for arm in group.arms])
    marks = [] if group.random_score is None else [group.random_score]
    return limits(np.array([*seeds, *marks]), bands)


def limits(curves: NDArray[np.float64], bands: NDArray[np.float64]) -> tuple[float, float]:
    """Return an axis' range: all of the curves, and as much of the bands as fits beside them.

    With two seeds a band can dwarf its curves, so it gets at most three times their span.

    :param curves: what must be seen, NaN being nothing; at least one number
    :param bands: what is cut off, if it must be
    """
    low, high = float(np.nanmin(curves)), float(np.nanmax(curves))
    room = max(high - low, 1e-3 * max(abs(low), abs(high), 1.0))
    lowest = max(low - room, float(np.nanmin([*bands, low])))
    highest = min(high + room, float(np.nanmax([*bands, high])))
    return lowest - 0.05 * room, highest + 0.05 * room
