"""Learning curves and final scores from the games a run has finished (numpy only).

Games are placed by the timestep at which they ended. A window of *timesteps* is used
everywhere: a window of 100 *games*, as in ``rollout/ep_rew_mean``, lags by the length of a
game, and so differently for each arm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: The share of a run's timesteps that a score, and each point of a curve, looks back over,
#: unless a study declares another.
WINDOW = 0.1
#: The number of points of a curve's grid.
GRID_POINTS = 100


@dataclass(frozen=True)
class Score:
    """The score of a run.

    :param mean: mean unclipped return of the games that ended in the window
    :param games: how many these were
    :param window_start: the first timestep of the window (its last is ``n_timesteps``)
    """

    mean: float
    games: int
    window_start: int


@dataclass(frozen=True, eq=False)
class Curve:
    """A learning curve on a grid of timesteps; all arrays have the shape (points,).

    :param timesteps: the grid, from about ``n_timesteps / points`` to ``n_timesteps``
    :param values: mean return of the games that ended in the window before each point;
        NaN until the first game has ended
    :param carried: True where no game ended in the window and the last value is repeated
    """

    timesteps: NDArray[np.int64]
    values: NDArray[np.float64]
    carried: NDArray[np.bool_]

    @property
    def mean(self) -> float:
        """The sample efficiency: the mean over the points that have a value."""
        return float(np.nanmean(self.values))


def final_score(
    timesteps: ArrayLike, returns: ArrayLike, n_timesteps: int, fraction: float = WINDOW
) -> Score | None:
    """Return the mean return of the games that ended in the last part of a run.

    :param timesteps: the timestep at which each game ended, shape (games,)
    :param returns: unclipped returns of these games, shape (games,)
    :param n_timesteps: the length of the run in timesteps; later games do not count
    :param fraction: the share of the run that counts, in (0, 1]
    :return: the score, or None if no game ended there
    :raises ValueError: for arrays of different lengths, or a length or fraction out of range

    >>> final_score([300, 910, 1000], [1.0, 4.0, 6.0], n_timesteps=1000)
    Score(mean=5.0, games=2, window_start=901)
    """
    ends, values = _games(timesteps, returns)
    width = _window(n_timesteps, fraction)
    inside = values[(ends > n_timesteps - width) & (ends <= n_timesteps)]
    if inside.size == 0:
        return None
    return Score(float(inside.mean()), int(inside.size), n_timesteps - width + 1)


def learning_curve(
    timesteps: ArrayLike,
    returns: ArrayLike,
    n_timesteps: int,
    *,
    points: int = GRID_POINTS,
    fraction: float = WINDOW,
) -> Curve:
    """Return the mean return within a moving window of timesteps, on an even grid.

    The point at ``t`` averages the games that ended in ``(t - fraction * n_timesteps, t]``,
    so the last point is the run's score whenever it has one.

    :param timesteps: the timestep at which each game ended, shape (games,)
    :param returns: unclipped returns of these games, shape (games,)
    :param n_timesteps: the length of the run in timesteps; later games do not count
    :param points: the number of grid points (fewer in a run of fewer timesteps)
    :param fraction: the window as a share of the run, in (0, 1]
    :raises ValueError: for arrays of different lengths, or a length or fraction out of range
    """
    ends, values = _games(timesteps, returns)
    width = _window(n_timesteps, fraction)
    points = min(points, n_timesteps)
    grid = np.arange(1, points + 1, dtype=np.int64) * n_timesteps // points
    first = np.searchsorted(ends, grid - width, side="right")
    last = np.searchsorted(ends, grid, side="right")
    curve = np.full(points, np.nan)
    carried = np.zeros(points, dtype=np.bool_)
    for k, (start, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        if end > start:
            # What mean() does, to the last bit, in a fifth of the time.
            curve[k] = np.add.reduce(values[start:end]) / (end - start)
        elif k > 0:
            curve[k] = curve[k - 1]
            carried[k] = not np.isnan(curve[k])
    return Curve(grid, curve, carried)


def _games(
    timesteps: ArrayLike, returns: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return both as arrays, in the order of time."""
    ends = np.asarray(timesteps, dtype=np.int64)
    values = np.asarray(returns, dtype=np.float64)
    if ends.ndim != 1 or ends.shape != values.shape:
        raise ValueError(
            f"timesteps and returns must be two lists of one length, "
            f"not of shapes {ends.shape} and {values.shape}"
        )
    order = np.argsort(ends, kind="stable")
    return ends[order], values[order]


def _window(n_timesteps: int, fraction: float) -> int:
    """Return the window in timesteps, at least one."""
    if n_timesteps < 1:
        raise ValueError(f"n_timesteps must be at least 1, not {n_timesteps}")
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must lie in (0, 1], not {fraction}")
    return max(1, round(n_timesteps * fraction))
