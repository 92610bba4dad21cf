"""A small reproduction, trained once: an epoch or two of every network."""

from pathlib import Path

import pytest

from paper.not_so_clevr import reproduction

SPLITS = ("uniform", "quadrant")
PLAN = (
    ("classification", "coordconv", "default", SPLITS, 2, 5),
    ("regression", "coordconv", "default", SPLITS, 1, 4),
    ("rendering", "coordconv", "default", ("quadrant",), 1, 2),
    ("regression", "plain", "default", SPLITS, 1, 1),
    ("classification", "plain", "default", ("quadrant",), 1, 5),
    ("classification", "plain", "slower", ("quadrant",), 1, 5),
)


@pytest.fixture(scope="package")
def small_plan() -> list[reproduction.Planned]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_QUICK", PLAN)
        return reproduction.plan(quick=True)


@pytest.fixture(scope="package")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small reproduction."""
    output = tmp_path_factory.mktemp("reproduction") / "output"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_QUICK", PLAN)
        assert reproduction.reproduce(output, quick=True, processes=2, only_list=False) == 0
    return output
