"""Long-format tables, CSV or JSON: one row a return, with the columns of :data:`COLUMNS`."""

import csv
from array import array
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from io import TextIOWrapper
from math import nan
from pathlib import Path
from typing import Any

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.files import UnusableError, one_line, opened, read_json
from coordrl.compare.reading.points import Points, make_points
from coordrl.compare.reading.runs import RunKey

COLUMNS = ("game", "algorithm", "arm", "seed", "step", "return")
#: Of the files that are read as tables.
SUFFIXES = (".csv", ".json")
#: Bytes of the largest CSV table; several can be given.
LARGEST_TABLE = 128 * 2**20
#: What the points are.
ROWS = "rows of a table"

# What others call these columns, for the error message.
_OTHER_NAMES = {
    "game": ("env", "env_id", "environment", "task"),
    "algorithm": ("algo", "agent", "method"),
    "arm": ("network", "variant", "exp_name", "extractor", "condition"),
    "seed": ("run", "trial", "replicate"),
    "step": ("timestep", "timesteps", "global_step", "total_timesteps"),
    "return": ("reward", "score", "episodic_return", "episode_reward", "value", "r"),
}
_Row = dict[str, Any]


def read_table(path: Path) -> tuple[dict[RunKey, Points], list[str]]:
    """Read the runs in a table.

    :param path: a CSV file with a header, or a JSON file: a list of objects, or an object of
        columns
    :return: the runs in the order of their first rows, and a note if rows belong to none
    :raises CompareError: if it is no such table
    """
    runs: dict[RunKey, tuple[array[float], array[float]]] = {}
    n_lost, first_lost = 0, 0
    try:
        rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _json_rows(path)
        for number, row in enumerate(rows, start=1):
            key = _key(row)
            if key is None:
                n_lost, first_lost = n_lost + 1, first_lost or number
            else:
                steps, returns = runs.setdefault(key, (array("d"), array("d")))
                steps.append(_number(row["step"]))
                returns.append(_number(row["return"]))
    except (UnusableError, OSError, UnicodeDecodeError, csv.Error) as error:
        raise CompareError(f"{path} is no table of returns: {one_line(error)}") from error
    notes = []
    if n_lost:
        notes.append(
            f"{path.name}: {n_lost} rows are left out, the first being row {first_lost}: each "
            f"needs {', '.join(COLUMNS)}, with the seed a whole number"
        )
    if not runs:
        raise CompareError("; ".join([f"{path} holds no row that can be used", *notes]))
    return {key: make_points(ROWS, *columns) for key, columns in runs.items()}, notes


def _csv_rows(path: Path) -> Iterator[_Row]:
    with opened(path, LARGEST_TABLE) as file:
        reader = csv.DictReader(TextIOWrapper(file, encoding="utf-8-sig", newline=""))
        _check_columns(reader.fieldnames or ())
        yield from reader


def _json_rows(path: Path) -> list[_Row]:
    content = read_json(path)
    if isinstance(content, dict):
        _check_columns(content)
        columns = [content[name] for name in COLUMNS]
        if not all(isinstance(cells, list) and len(cells) == len(columns[0]) for cells in columns):
            raise UnusableError("its columns must be lists of one length")
        return [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*columns, strict=True)]
    if not isinstance(content, list) or not content or not isinstance(content[0], dict):
        raise UnusableError("it must hold a list of objects, or an object of columns")
    _check_columns(content[0])
    return [row if isinstance(row, dict) else {} for row in content]


def _check_columns(found: Iterable[str]) -> None:
    names = {name.strip().lower(): name for name in found}
    for column in COLUMNS:
        if column not in names.values():
            known = [name for name in (column, *_OTHER_NAMES[column]) if name in names]
            near = known or get_close_matches(column, names, n=1)
            hint = f" (rename {names[near[0]]!r} to it?)" if near else ""
            raise UnusableError(f"it has no column {column!r}{hint}; needed: {', '.join(COLUMNS)}")


def _key(row: _Row) -> RunKey | None:
    """Return the run that a row belongs to, or None if the row is not complete."""
    game, algorithm, arm = (row.get(name) for name in ("game", "algorithm", "arm"))
    seed = _number(row.get("seed"))
    if not seed.is_integer() or None in (row.get("step"), row.get("return")):
        return None
    if not (isinstance(game, str) and isinstance(algorithm, str) and isinstance(arm, str)):
        return None
    key = RunKey(game.strip(), algorithm.strip(), arm.strip(), int(seed))
    return key if all((key.game, key.algorithm, key.arm)) else None


def _number(cell: object) -> float:
    """Return a cell's number, NaN if it holds none."""
    try:
        return float(cell) if isinstance(cell, int | float | str) else nan
    except (ValueError, OverflowError):
        return nan
