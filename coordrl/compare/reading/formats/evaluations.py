"""``evaluations.npz``, which SB3's EvalCallback writes: some games at each evaluation."""

import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.reading.files import UnusableError, one_line, opened
from coordrl.compare.reading.points import Points, make_points

#: What the points are.
EVALUATION_GAMES = "games of evaluations"


# Bytes of the largest file, and of the largest array in it: two million games.
_LARGEST = 16 * 2**20
_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    MemoryError,
    RuntimeError,  # encrypted
    zipfile.BadZipFile,
    zlib.error,
)


def read_evaluations(path: Path) -> Points:
    """Read the games of all evaluations.

    :param path: an ``.npz`` with ``timesteps``, shape (evaluations,), and ``results``, shape
        (evaluations, games)
    :return: one point a game, at the timestep of its evaluation
    :raises UnusableError: if it is not such a file
    """
    with opened(path, _LARGEST) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                timesteps, results = (_numbers(archive, name) for name in ("timesteps", "results"))
        except _UNREADABLE as error:
            if isinstance(error, UnusableError):
                raise
            raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    games = max(results.shape[1:], default=0)
    # Some wrap the games of an evaluation in a further axis.
    if results.ndim < 2 or results.size != len(results) * games or timesteps.ndim != 1:
        games = -1
    if games < 0 or len(timesteps) != len(results):
        raise UnusableError(
            f"{path.name} must hold timesteps (n,) and results (n, games), "
            f"not shapes {timesteps.shape} and {results.shape}"
        )
    return make_points(EVALUATION_GAMES, np.repeat(timesteps, games), results.ravel())


def _numbers(archive: zipfile.ZipFile, name: str) -> NDArray[np.float64]:
    """Return an array of an archive, which may unfold to no more than :data:`_LARGEST` bytes."""
    size = archive.getinfo(f"{name}.npy").file_size
    if size > _LARGEST:
        raise ValueError(f"{name} has {size:,} bytes; at most {_LARGEST:,} are read")
    with archive.open(f"{name}.npy") as file:
        array = np.load(BytesIO(file.read(_LARGEST)), allow_pickle=False)
    if array.dtype.kind not in "iufb":
        raise ValueError(f"{name} must hold numbers")
    return np.asarray(array, dtype=np.float64)
