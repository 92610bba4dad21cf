import shutil
from pathlib import Path

import pytest

from agents.study.findings import command
from tests.agents.study.findings.made_up import write_runs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a clone with its pages, and without any run."""
    (tmp_path / "docs" / "images").mkdir(parents=True)
    for page in command.PAGES:
        shutil.copy(command.REPOSITORY / page, tmp_path / page)
    return tmp_path


@pytest.fixture(scope="session")
def all_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the records of all runs."""
    folder = tmp_path_factory.mktemp("records")
    write_runs(folder)
    return folder
