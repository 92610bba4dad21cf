"""What every reader of a log returns, the points of one run, and the tags they stand under."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coordrl.compare.reading.files import LARGEST, LATEST, UnusableError
from coordrl.compare.reading.runs import GAMES

SB3_RETURN = "rollout/ep_rew_mean"
CLEANRL_RETURN = "charts/episodic_return"


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """The returns that a log holds; the arrays have the shape (points,).

    :param what: what the numbers in `returns` are (see :class:`coordrl.compare.reading.runs.Run`)
    :param timesteps: when each was reached
    :param returns: the numbers
    :param wall_seconds: since the start of the run, or None
    :param game: the environment's id, where the log names it
    :param notes: what the reader should know of this run's files
    :param facts: what the reader should know of all logs of this kind
    """

    what: str
    timesteps: NDArray[np.int64]
    returns: NDArray[np.float64]
    wall_seconds: NDArray[np.float64] | None = None
    game: str | None = None
    notes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


def make_points(
    what: str,
    timesteps: ArrayLike,
    returns: ArrayLike,
    wall_seconds: ArrayLike | None = None,
    *,
    game: str | None = None,
    notes: Sequence[str] = (),
    facts: Sequence[str] = (),
) -> Points:
    """Return the points in the order of time; what is no finite number is left out and noted.

    :param timesteps: shape (points,)
    :param returns: shape (points,)
    :param wall_seconds: since the start of the run, shape (points,); kept only if all are known
    """
    steps = np.asarray(timesteps, dtype=np.float64)
    values = np.asarray(returns, dtype=np.float64)
    usable = (np.abs(values) <= LARGEST) & (steps >= 0) & (steps <= LATEST)
    if lost := int((~usable).sum()):
        verb = "is" if lost == 1 else "are"
        notes = [*notes, f"{lost} of {len(steps)} points {verb} not finite and left out"]
    order = np.flatnonzero(usable)[np.argsort(steps[usable], kind="stable")]
    wall = None if wall_seconds is None else np.asarray(wall_seconds, dtype=np.float64)[order]
    return Points(
        what=what,
        timesteps=steps[order].astype(np.int64),
        returns=values[order],
        wall_seconds=wall if wall is not None and np.isfinite(wall).all() else None,
        game=game,
        notes=tuple(notes),
        facts=tuple(facts),
    )


def kept_after_resuming(
    logs: Sequence[tuple[str, NDArray[np.float64]]],
) -> tuple[NDArray[np.bool_], list[str]]:
    """Decide which points to keep where a resumed run has logged some timesteps twice.

    The later wins: from the timestep at which a later part begins, earlier parts do not count.
    A part ends where its file does, or where timesteps decrease.

    :param logs: the name and the timesteps of each file, in the order of writing
    :return: whether to keep each point of all files, and a note for each part that loses some
    """
    parts = [
        (name, part)
        for name, steps in logs
        for part in np.split(steps, np.flatnonzero(steps[1:] < steps[:-1]) + 1)
    ]
    keep: list[NDArray[np.bool_]] = []
    notes: list[str] = []
    begins = np.inf
    for name, steps in reversed(parts):
        keep.append(~(steps >= begins))
        if lost := int((~keep[-1]).sum()):
            notes.append(f"{name}: {lost} points were logged again by a resumed run; that wins")
        begins = min(begins, np.nanmin(steps)) if np.isfinite(steps).any() else begins
    return np.concatenate(keep[::-1]), notes[::-1]


def what_of(tag: str) -> str:
    """Return what the numbers under a tag are."""
    if tag == CLEANRL_RETURN:
        return GAMES
    window = " (a mean over the last games, by default 100)" if tag == SB3_RETURN else ""
    return f"{tag} as logged{window}"


def no_such_tag(name: str, tag: str, tags: Iterable[str]) -> UnusableError:
    """Return the error for a log without a tag; it names the likeliest others."""
    others = sorted(set(tags))
    near = get_close_matches(tag, others, n=3, cutoff=0.4) or others[:3]
    listed = f"; it has {', '.join(near)}" if near else ""
    return UnusableError(f"{name} has no {tag}{listed}")
