"""Walking through the folders of runs, and reading files that may be half-written."""

import json
import os
from collections.abc import Iterator
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
#: The largest return that is believed: squares of much larger ones overflow.
LARGEST = 1e100
#: The last timestep that is believed: beyond it, floats skip whole numbers.
LATEST = 2**53

#: Marks a folder that a comparison has been written to.
COMPARISON_FILE = "comparison.json"

_KINDS = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_T = TypeVar("_T")


class UnusableError(ValueError):
    """A file cannot be used; the message is the reason, in one line."""


def walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield every folder from the root down with the names of its subfolders and files.

    Hidden folders and earlier comparisons, which hold event files too, are passed over.
    Subfolders that are removed from the list are not visited.

    :raises OSError: for a folder that is not readable
    """
    for folder, subfolders, files in os.walk(root, onerror=_raise):
        if COMPARISON_FILE in files:
            subfolders.clear()
            continue
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield Path(folder), subfolders, sorted(files)


def _raise(error: OSError) -> None:
    raise error


def read_json(path: Path) -> Any:
    """Read a JSON file.

    :raises UnusableError: if it is not readable
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON file of our format.

    :raises UnusableError: if it is not one
    """
    record = read_json(path)
    if not isinstance(record, dict):
        raise UnusableError(f"{path.name} must hold an object, not {record!r:.40}")
    if record.get("format") != FORMAT:
        found = record.get("format")
        raise UnusableError(f"{path.name} has format {found!r:.40}; this version reads {FORMAT}")
    return record


def read_complete_lines(path: Path) -> tuple[str, list[str]]:
    """Return the text of a file of lines, and a note if a half-written last line is left out.

    :raises UnusableError: if the file is missing or no text
    """
    try:
        complete, _, rest = path.read_text(encoding="utf-8").rpartition("\n")
    except FileNotFoundError as error:
        raise UnusableError(f"{path.name} is missing") from error
    except (OSError, ValueError) as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    return complete, [f"the half-written last line of {path.name} is left out"] if rest else []


def parse_numbers(
    body: str, name: str, columns: tuple[int, ...] | None = None
) -> NDArray[np.float64]:
    """Return the numbers of a CSV file without its header, shape (lines, columns).

    :param body: its lines, at least one
    :param columns: the positions of those wanted; by default all, as many in every line
    :raises UnusableError: if a cell is missing or no number
    """
    try:
        return np.loadtxt(
            StringIO(body), delimiter=",", quotechar='"', comments=None, usecols=columns, ndmin=2
        )
    except ValueError as error:
        raise UnusableError(f"{name} is not readable: {one_line(error)}") from error


def required(record: dict[str, Any], name: str, kind: type[_T]) -> _T:
    """Return a value of a record; a ``float`` is any finite number.

    :raises UnusableError: if it is absent or of another kind
    """
    value: Any = record.get(name)
    if not _is_a(kind, value):
        raise UnusableError(f'"{name}" must be {_KINDS[kind]}, not {value!r:.40}')
    return cast("_T", float(value) if kind is float else value)


def optional(record: dict[str, Any], name: str, kind: type[_T]) -> _T | None:
    """Return a value of a record, or None where it is null or absent."""
    return None if record.get(name) is None else required(record, name, kind)


def optional_numbers(record: dict[str, Any], name: str) -> dict[str, float] | None:
    """Return an optional object of finite numbers."""
    values = optional(record, name, dict)
    for key, value in (values or {}).items():
        if not _is_a(float, value):
            raise UnusableError(f'"{name}": "{key}" must be a number, not {value!r:.40}')
    return values


def share(record: dict[str, Any], name: str, default: float) -> float:
    """Return a share in (0, 1] of a record, or the default where it is absent."""
    value = record.get(name, default)
    if not _is_a(float, value) or not 0 < value <= 1:
        raise UnusableError(f'"{name}" must be a number above 0 and at most 1, not {value!r:.40}')
    return float(value)


def one_line(error: Exception) -> str:
    """Return the message of an error without line breaks."""
    return " ".join(str(error).split())


def _is_a(kind: type, value: Any) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if kind is not float:
        return isinstance(value, kind)
    if isinstance(value, int):
        return abs(value) <= LARGEST
    return isinstance(value, float) and isfinite(value)
