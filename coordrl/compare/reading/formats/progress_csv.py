"""SB3's ``progress.csv``: one row a dump of the logger."""

import csv
from array import array
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
        table = _numbers(path.name, csv.reader(StringIO(complete)), tag)
    except (csv.Error, ValueError) as error:
        if isinstance(error, UnusableError):
            raise
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    steps, returns = table[:, 0], table[:, 1]
    keep, resumed = kept_after_resuming([(path.name, steps)])
    wall = table[keep, 2] if table.shape[1] > 2 else None
    return make_points(what_of(tag), steps[keep], returns[keep], wall, notes=[*notes, *resumed])


def _numbers(name: str, lines: Iterator[list[str]], tag: str) -> NDArray[np.float64]:
    """Return timesteps, values and, where it is logged, wall time of the rows with the tag."""
    rows = (line for line in lines if line)
    header = next(rows, [])
    for needed in (_TIMESTEPS, tag):
        if needed not in header:
            raise no_such_tag(name, needed, header)
    columns = [header.index(name) for name in (_TIMESTEPS, tag, _WALL) if name in header]
    numbers = array("d")
    for row in rows:
        if len(row) != len(header):
            raise UnusableError(f"{name} must have {len(header)} cells in every line")
        if row[columns[1]]:
            numbers.extend(float(row[column] or "nan") for column in columns)
    return np.array(numbers).reshape(-1, len(columns))
