"""Sets of labelled images in the idx files that MNIST came in."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from common.errors import UsageError

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The files of both parts, images and labels; each may end in .gz."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images (n, height, width) and their labels (n,)."""

    images: Bytes
    labels: Bytes

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        digest = hashlib.sha256(self.images.tobytes())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()[:16]


def read_part(folder: Path, part: str) -> Labelled:
    """Read the training or the test part of a set.

    :param part: ``"train"`` or ``"test"``
    :raises UsageError: if a file is missing or damaged
    """
    images, labels = (read_idx(_find(folder, name)) for name in NAMES[part])
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise UsageError(
            f"{folder} holds {part} images of shape {images.shape} and labels of shape "
            f"{labels.shape}: they do not fit"
        )
    return Labelled(images, labels)


def read_idx(path: Path) -> Bytes:
    """Read the array of bytes of an idx file, compressed or not.

    After two zeros, a byte for the type and one for the number of axes come their lengths, 4 bytes
    each with the highest first, and the numbers.

    :raises UsageError: if it is not one
    """
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path} is damaged ({error})") from None
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise UsageError(f"{path} is not an idx file of bytes")
    shape = np.frombuffer(raw, ">i4", count=raw[3], offset=4)
    n, start = prod(shape.tolist()), 4 + 4 * raw[3]
    if len(raw) != start + n:
        raise UsageError(f"{path} is damaged: {len(raw) - start:,} numbers instead of {n:,}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape).copy()  # to be writable


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise UsageError(
        f"{folder} does not hold {name} or {name}.gz: docs/paper.md says how to get the data, "
        f"--data names their folder"
    )
