from pathlib import Path

import numpy as np
import pytest

from common.errors import UsageError
from paper.idx import NAMES, read_idx, read_part
from tests.paper.digits import read_digits, write_digits, write_idx


def test_compressed_or_not_files_hold_what_was_written(tmp_path: Path) -> None:
    images, labels = read_digits()
    part = read_part(write_digits(tmp_path), "train")
    np.testing.assert_array_equal(part.images, images[:1400])
    np.testing.assert_array_equal(part.labels, labels[:1400])
    assert read_part(tmp_path, "test").images.shape == (397, 8, 8)


def test_damaged_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not hold train-images.*docs/paper\.md"):
        read_part(tmp_path, "train")
    write_digits(tmp_path, 10, 10)
    images, labels = (tmp_path / name for name in NAMES["test"])
    whole = images.read_bytes()
    images.write_bytes(whole[:-1])
    with pytest.raises(UsageError, match=r"is damaged: 639 numbers instead of 640"):
        read_part(tmp_path, "test")
    images.write_bytes(b"PNG" + whole)
    with pytest.raises(UsageError, match="is not an idx file of bytes"):
        read_part(tmp_path, "test")
    images.write_bytes(whole)
    compressed = labels.with_name(f"{labels.name}.gz")
    compressed.write_bytes(compressed.read_bytes()[:-5])
    with pytest.raises(UsageError, match=r"labels-idx1-ubyte\.gz is damaged"):
        read_part(tmp_path, "test")
    write_idx(compressed, np.zeros(9, np.uint8))
    with pytest.raises(UsageError, match=r"shape \(10, 8, 8\) and labels of shape \(9,\)"):
        read_part(tmp_path, "test")


def test_an_array_of_any_shape_comes_back(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    write_idx(tmp_path / "a", array)
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), array)
