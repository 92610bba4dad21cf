"""Reading one file of a run: its record (JSON) and its finished games (CSV)."""

import json
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
EPISODE_HEADER = "timestep,wall_seconds,env,return,length"

_KINDS = {str: "a string", int: "a whole number", list: "a list", dict: "an object"}
_T = TypeVar("_T")


class UnusableError(ValueError):
    """A file cannot be used; the message is the reason, in one line."""


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON file of our format."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableError(f"{path.name} is not readable: {error}") from error
    if not isinstance(record, dict):
        raise UnusableError(f"{path.name} must hold an object, not {record!r:.40}")
    if record.get("format") != FORMAT:
        found = record.get("format")
        raise UnusableError(f"{path.name} has format {found!r}; this version reads {FORMAT}")
    return record


def read_episodes(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Return the finished games as rows, and a note if a half-written line was left out."""
    try:
        complete, _, rest = path.read_text(encoding="utf-8").rpartition("\n")
    except FileNotFoundError as error:
        raise UnusableError("episodes.csv is missing") from error
    except (OSError, ValueError) as error:
        raise UnusableError(f"episodes.csv is not readable: {error}") from error
    notes = ["the half-written last line of episodes.csv is left out"] if rest else []
    header, _, body = complete.partition("\n")
    if header != EPISODE_HEADER:
        raise UnusableError(f"episodes.csv must begin with {EPISODE_HEADER}")
    columns = len(EPISODE_HEADER.split(","))
    if not body.strip():
        return np.empty((0, columns)), notes
    try:
        games = np.loadtxt(StringIO(body), delimiter=",", ndmin=2)
    except ValueError as error:
        raise UnusableError(f"episodes.csv is not readable: {error}") from error
    if games.shape[1] != columns or not np.isfinite(games).all():
        raise UnusableError(f"episodes.csv must hold {columns} finite numbers a line")
    return games, notes


def required(record: dict[str, Any], name: str, kind: type[_T]) -> _T:
    """Return a value of a record."""
    value = record.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UnusableError(f'"{name}" must be {_KINDS[kind]}, not {value!r}')
    return value


def optional(record: dict[str, Any], name: str, kind: type[_T]) -> _T | None:
    """Return a value of a record, or None where it is null or absent."""
    return None if record.get(name) is None else required(record, name, kind)


def optional_numbers(record: dict[str, Any], name: str) -> dict[str, float] | None:
    """Return an optional object of finite numbers."""
    values = optional(record, name, dict)
    for key, value in (values or {}).items():
        if not _is_number(value):
            raise UnusableError(f'"{name}": "{key}" must be a number, not {value!r}')
    return values


def share(record: dict[str, Any], name: str, default: float) -> float:
    """Return a share in (0, 1] of a record, or the default where it is absent."""
    value = record.get(name, default)
    if not _is_number(value) or not 0 < value <= 1:
        raise UnusableError(f'"{name}" must be a number above 0 and at most 1, not {value!r}')
    return float(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
