"""Checkpoint files: written in one step, verified when read, the last two kept."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from common.errors import UsageError
from common.files import read_bytes, write_atomically

FORMAT = 1
KEPT = 2
LARGEST = 32 * 2**30
"""Bytes of the largest checkpoint that is read."""


def write_checkpoint(folder: Path, timesteps: int, state: dict[str, Any]) -> None:
    """Write a checkpoint, then remove those older than the one before it.

    The file's name ends with the hash of what it holds.

    :param folder: The run's folder for checkpoints
    :param timesteps: Timesteps of the run so far
    :param state: Tensors, numbers, strings, lists and dicts: nothing that needs unpickling
    """
    folder.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    torch.save({**state, "format": FORMAT}, buffer)
    content = buffer.getvalue()
    path = folder / f"{timesteps:013d}-{_hash(content)}.pt"
    write_atomically(path, lambda draft: draft.write_bytes(content))
    for old in checkpoint_paths(folder)[KEPT:]:
        old.unlink()


def checkpoint_paths(folder: Path) -> list[Path]:
    """Return the paths of the checkpoints, the newest first."""
    try:
        return sorted((path for path in folder.glob("[0-9]*.pt") if path.is_file()), reverse=True)
    except FileNotFoundError:  # the run has ended just now, and removed its checkpoints
        return []


def read_checkpoints(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Read the checkpoints that are whole, the newest first; damaged ones are passed over.

    :param folder: The run's folder for checkpoints
    """
    for path in checkpoint_paths(folder):
        try:
            content = read_bytes(path, LARGEST)
            if path.stem.partition("-")[2] == _hash(content):
                state = torch.load(io.BytesIO(content), weights_only=True)
                if isinstance(state, dict) and state.get("format") == FORMAT:
                    yield path, state
        except (OSError, UsageError, RuntimeError, UnpicklingError, EOFError, LookupError):
            continue


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
