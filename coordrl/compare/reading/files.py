"""Reading files that may be half-written, damaged, or a stranger's."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from math import isfinite
from pathlib import Path
from reprlib import Repr
from typing import Any, BinaryIO, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
#: The largest return that is believed: squares of much larger ones overflow.
LARGEST = 1e100
#: The last timestep that is believed: beyond it, floats skip whole numbers.
LATEST = 2**53

#: Bytes of the largest files that are read: far beyond any that is written, and a folder from a
#: stranger does not fill the memory.
LARGEST_JSON, LARGEST_LOG = 32 * 2**20, 64 * 2**20
# Levels of the deepest JSON: everything that walks through a record ends.
_DEEPEST = 50

_KINDS = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
_REPR = Repr()
_REPR.maxlevel, _REPR.maxstring, _REPR.maxother = 2, 100, 100
_T = TypeVar("_T")


class UnusableError(ValueError):
    """A file cannot be used; the message is the reason, in one line."""


@contextmanager
def opened(path: Path, largest: int) -> Iterator[BinaryIO]:
    """Open a file that may be a stranger's: no link, no pipe or device, no more than so much.

    :param largest: bytes at most
    :raises UnusableError: if it is missing or not such a file
    """
    if path.is_symlink():
        raise UnusableError(f"{path.name} is a link: files are not read through links")
    flags = sum(getattr(os, f"O_{name}", 0) for name in ("NOFOLLOW", "NONBLOCK", "BINARY"))
    try:
        descriptor = os.open(path, os.O_RDONLY | flags)
    except FileNotFoundError as error:
        raise UnusableError(f"{path.name} is missing") from error
    except OSError as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise UnusableError(f"{path.name} is not a file")
        if about.st_size > largest:
            raise UnusableError(
                f"{path.name} has {about.st_size:,} bytes; at most {largest:,} are read"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def read_bytes(path: Path, largest: int) -> bytes:
    """Read a file as :func:`opened` opens it.

    :raises UnusableError: if it is not readable
    """
    with opened(path, largest) as file:
        try:
            return file.read(largest)
        except OSError as error:
            raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error


def read_text(path: Path, largest: int) -> str:
    r"""Read UTF-8, with or without a byte order mark; lines end with ``\n``.

    :raises UnusableError: if it is not readable
    """
    try:
        text = read_bytes(path, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_json(path: Path) -> Any:
    """Read a JSON file.

    :raises UnusableError: if it is not readable
    """
    text = read_text(path, LARGEST_JSON)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    if not _is_shallow(value, _DEEPEST):
        raise UnusableError(f"{path.name} is nested more than {_DEEPEST} deep")
    return value


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON file of our format.

    :raises UnusableError: if it is not one
    """
    record = read_json(path)
    if not isinstance(record, dict):
        raise UnusableError(f"{path.name} must hold an object, not {shown(record)}")
    if record.get("format") != FORMAT:
        found = record.get("format")
        raise UnusableError(f"{path.name} has format {shown(found)}; this version reads {FORMAT}")
    return record


def read_complete_lines(path: Path, largest: int = LARGEST_LOG) -> tuple[str, list[str]]:
    """Return the text of a file of lines, and a note if a half-written last line is left out.

    :param largest: bytes at most
    :raises UnusableError: if the file is missing or no text
    """
    complete, _, rest = read_text(path, largest).rpartition("\n")
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
        raise UnusableError(f'"{name}" must be {_KINDS[kind]}, not {shown(value)}')
    return cast("_T", float(value) if kind is float else value)


def optional(record: dict[str, Any], name: str, kind: type[_T]) -> _T | None:
    """Return a value of a record, or None where it is null or absent."""
    return None if record.get(name) is None else required(record, name, kind)


def optional_numbers(record: dict[str, Any], name: str) -> dict[str, float] | None:
    """Return an optional object of finite numbers."""
    values = optional(record, name, dict)
    for key, value in (values or {}).items():
        if not _is_a(float, value):
            raise UnusableError(f'"{name}": "{key}" must be a number, not {shown(value)}')
    return values


def share(record: dict[str, Any], name: str, default: float) -> float:
    """Return a share in (0, 1] of a record, or the default where it is absent."""
    value = record.get(name, default)
    if not _is_a(float, value) or not 0 < value <= 1:
        raise UnusableError(f'"{name}" must be a number above 0 and at most 1, not {shown(value)}')
    return float(value)


def shown(value: Any) -> str:
    """Return what a value looks like, in a few words, however large it is."""
    return f"{_REPR.repr(value):.40}"


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


def _is_shallow(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    items = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(
        _is_shallow(item, levels - 1) for item in items if isinstance(item, dict | list)
    )
