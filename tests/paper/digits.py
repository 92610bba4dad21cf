"""Real digits for tests: the 8 x 8 ones that scikit-learn ships, in MNIST's files."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paper.idx import NAMES


def write_idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    raw = header + array.tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


def write_digits(folder: Path, n_train: int = 1_400, n_test: int = 397) -> Path:
    """Write a folder as MNIST's, with so many of the 1,797 digits in each part."""
    images, labels = read_digits()
    folder.mkdir(parents=True, exist_ok=True)
    for part, chosen in (("train", slice(n_train)), ("test", slice(len(images) - n_test, None))):
        write_idx(folder / NAMES[part][0], images[chosen])
        write_idx(folder / f"{NAMES[part][1]}.gz", labels[chosen])
    return folder


def read_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return images (1797, 8, 8) and labels, without the seconds that importing sklearn takes."""
    spec = find_spec("sklearn")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
    table = np.loadtxt(path, delimiter=",")
    images = (table[:, :-1] * (255 / 16)).round().astype(np.uint8).reshape(-1, 8, 8)
    return images, table[:, -1].astype(np.uint8)
