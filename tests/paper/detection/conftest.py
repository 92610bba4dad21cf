from pathlib import Path

import pytest

from paper.detection.data import Field, read_field
from tests.paper.digits import write_digits


@pytest.fixture(scope="package")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits"), 500, 200)


@pytest.fixture(scope="package")
def fields(digits: Path) -> tuple[Field, Field]:
    return read_field(digits, "train"), read_field(digits, "test")
