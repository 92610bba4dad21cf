"""A run's folder as bytes, to send it between machines that share no folder."""

import io
import re
import shutil
import tarfile
from pathlib import Path

from agents.run.folder import RUN_FILE
from common.errors import UsageError
from common.files import write_bytes

NAME = re.compile(r"(checkpoint/)?[\w-][\w.-]*", re.ASCII)
"""The files of a run's folder: no path leads out of it, none begins with a dot."""


def pack(folder: Path) -> bytes:
    """Pack a run's folder: its files and its checkpoints, no drafts and no locks.

    :param folder: The folder, which nobody is writing to
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted([*folder.glob("*"), *folder.glob("checkpoint/*")]):
            name = path.relative_to(folder).as_posix()
            if NAME.fullmatch(name) and path.is_file() and not path.is_symlink():
                archive.add(path, name, recursive=False)
    return buffer.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Replace what a run's folder holds by what was packed.

    Whenever this is cut short, the folder holds a run that can be resumed or started again.

    :param content: What :func:`pack` returned
    :param folder: The folder, which the caller holds
    :raises UsageError: If the archive holds anything but the plain files of a run
    """
    files = _files(content)
    # Checkpoints count on the other files: they go first and come late, and run.json comes last.
    shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    for path in folder.iterdir():
        if NAME.fullmatch(path.name) and path.name not in files:
            path.unlink()
    if any("/" in name for name in files):
        (folder / "checkpoint").mkdir()
    for name in sorted(files, key=lambda name: (name == RUN_FILE, "/" in name)):
        write_bytes(folder / name, files[name])


def _files(content: bytes) -> dict[str, bytes]:
    """Read an archive, nothing but plain files under plain names."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file is None or not NAME.fullmatch(member.name):
                raise UsageError(f"a run's folder came back with {member.name!r}: not a run's file")
            files[member.name] = file.read()
    return files
