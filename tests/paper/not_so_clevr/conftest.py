"""A small reproduction, trained once: an epoch of every network."""

import fcntl
import os
from pathlib import Path

import pytest

from paper.not_so_clevr import reproduction
from paper.not_so_clevr.command import main
from paper.reproduction import Planned
from tests.paper.not_so_clevr.small import PLAN


@pytest.fixture(scope="package")
def small_plan() -> list[Planned]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_QUICK", PLAN)
        return reproduction.plan(quick=True)


@pytest.fixture(scope="package")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
    small_plan: list[Planned],
    one_thread: None,
) -> Path:
    """The folder of the small reproduction; of several workers one trains, and the others wait.

    It is trained in this process, for a process of its own for each training takes seconds to
    start; the reproduction then finds all of them done.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    output = shared / "not_so_clevr"
    with (shared / "not_so_clevr.lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.exists():
            output.mkdir()
            (output / ".lock").touch()  # as a reproduction's own
            for planned in small_plan:
                assert main([*planned.arguments, "--output", str(planned.folder(output))]) == 0
            patch.setattr(reproduction, "_QUICK", PLAN)
            assert reproduction.reproduce(output, quick=True, processes=2, only_list=False) == 0
    return output
