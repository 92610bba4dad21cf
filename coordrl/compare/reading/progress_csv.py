"""SB3's ``progress.csv``: one row a dump of the logger."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coordrl.compare.reading.files import UnusableError, one_line, read_complete_lines
from coordrl.compare.reading.points import (
    SB3_RETURN,
    Points,
    kept_after_resuming,
    make_points,
    no_such_tag,
    what_of,
)

_TIMESTEPS = "time/total_timesteps"
_WALL = "time/time_elapsed"


def read_progress(path: Path, tag: str | None = None) -> Points:
    """Read the curve in a ``progress.csv``.

    :param tag: its column, by default ``rollout/ep_rew_mean``
    :return: the curve's points; rows without the tag are no points
    :raises UnusableError: if the file is damaged or has no such column
    """
    tag = tag or SB3_RETURN
    complete, notes = read_complete_lines(path)
    try:
        header, *rows = [row for row in csv.reader(complete.splitlines()) if row] or [[]]
    except csv.Error as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    for name in (_TIMESTEPS, tag):
        if name not in header:
            raise no_such_tag(path.name, name, header)
    if any(len(row) != len(header) for row in rows):
        raise UnusableError(f"{path.name} must have {len(header)} cells in every line")
    at = header.index(tag)
    points = [row for row in rows if row[at]]
    steps = _numbers(path, points, header.index(_TIMESTEPS))
    keep, resumed = kept_after_resuming([(path.name, steps)])
    wall = _numbers(path, points, header.index(_WALL))[keep] if _WALL in header else None
    returns = _numbers(path, points, at)
    return make_points(what_of(tag), steps[keep], returns[keep], wall, notes=[*notes, *resumed])


def _numbers(path: Path, rows: Sequence[Sequence[str]], column: int) -> np.ndarray:
    try:
        return np.array([float(row[column] or "nan") for row in rows])
    except ValueError as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
