"""``evaluations.npz``, which SB3's EvalCallback writes: some games at each evaluation."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from coordrl.compare.reading.files import UnusableError, one_line
from coordrl.compare.reading.points import Points, make_points

#: What the points are.
EVALUATION_GAMES = "games of evaluations"


def read_evaluations(path: Path) -> Points:
    """Read the games of all evaluations.

    :param path: an ``.npz`` with ``timesteps``, shape (evaluations,), and ``results``, shape
        (evaluations, games)
    :return: one point a game, at the timestep of its evaluation
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            timesteps = arrays["timesteps"].astype(np.float64)
            results = arrays["results"].astype(np.float64)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        MemoryError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error
    if timesteps.ndim != 1 or results.ndim != 2 or len(timesteps) != len(results):
        raise UnusableError(
            f"{path.name} must hold timesteps (n,) and results (n, games), "
            f"not shapes {timesteps.shape} and {results.shape}"
        )
    return make_points(EVALUATION_GAMES, np.repeat(timesteps, results.shape[1]), results.ravel())
