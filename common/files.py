"""Files that are never half-written, read without trust; locks that end with their process."""

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.errors import UsageError, plain

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

LARGEST_RECORD = 64 * 2**20
"""Bytes of the largest record that is read: far beyond any that is written."""
_DRAFT = re.compile(r"\..+\.(\d+)(\.\w+)?")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then rename it there.

    :param write: Writes the whole file to the path that it is given
    """
    # The suffix is kept: SB3 appends one of its own to a name that has none.
    draft = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        # Python names no file where it fails to write to one that is open.
        unnamed = error.filename is None and error.errno is not None
        if unnamed or error.filename in (draft, str(draft)):
            error.filename = str(path)
        raise
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(folder: Path) -> None:
    """Remove what killed processes were writing in a folder; to be called with its lock held."""
    for path in folder.iterdir():
        draft = _DRAFT.fullmatch(path.name)
        if draft and not path.is_dir() and int(draft[1]) != os.getpid():
            path.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    write_atomically(path, lambda draft: draft.write_bytes(content))


def write_json(path: Path, values: Any) -> None:
    """Write indented JSON atomically."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode(errors="backslashreplace"))


def read_bytes(path: Path, largest: int = LARGEST_RECORD) -> bytes:
    """Read a file of a folder that may be a stranger's: no link, no device, no more than so much.

    :param largest: Bytes at most
    :raises UsageError: If it is not such a file
    :raises OSError: If it cannot be opened
    """
    with _opened(path, os.O_RDONLY) as descriptor:
        size = os.fstat(descriptor).st_size
        if size > largest:
            raise UsageError(f"{path} has {size:,} bytes, more than the {largest:,} that are read")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object, its texts without control characters.

    :raises UsageError: If the file is not one
    :raises OSError: If it cannot be opened
    """
    try:
        values = _plainly(json.loads(read_bytes(path)))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path} is damaged ({error}): delete it to start again") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path} is damaged (not a JSON object): delete it to start again")
    return values


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder for this process; the lock ends with it, however it ends.

    :param what: What the folder holds, for the message
    :raises UsageError: If another process holds it, or it cannot be held
    """
    if fcntl is None:
        raise UsageError("training needs the file locks of Linux or macOS: on Windows, use WSL")
    with _opened(folder / ".lock", os.O_RDWR | os.O_CREAT) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another process is working on {what} {folder}: wait for it to end, or stop it"
            ) from None
        yield


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """Open an ordinary file, which nothing is followed to and nobody is waited for."""
    guards = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | guards, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO) or path.is_symlink():
            raise UsageError(f"{path} is a link or no file: it is not opened") from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{path} is not a file: it is not opened")
        yield descriptor
    finally:
        os.close(descriptor)


def _plainly(values: Any) -> Any:
    """Replace control characters in all texts of a JSON value."""
    if isinstance(values, str):
        return plain(values)
    if isinstance(values, list):
        return [_plainly(value) for value in values]
    if isinstance(values, dict):
        return {plain(name): _plainly(value) for name, value in values.items()}
    return values
