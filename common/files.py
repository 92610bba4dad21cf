"""Files that a reader, or a crash, never finds half-written; locks that end with their process."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.errors import UsageError


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
    finally:
        draft.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    write_atomically(path, lambda draft: draft.write_bytes(content))


def write_json(path: Path, values: Any) -> None:
    """Write indented JSON atomically."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    :raises UsageError: If the file is not one
    """
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is damaged ({error}): delete it to start again") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path} is damaged (not a JSON object): delete it to start again")
    return values


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder for this process; the lock ends with it, however it ends.

    :param what: What the folder holds, for the message
    :raises UsageError: If another process holds it
    """
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another process is working on {what} {folder}: wait for it to end, or stop it"
            ) from None
        yield
