"""Fixtures of the comparison's tests."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from coordrl.compare import compare_runs
from coordrl.compare.comparing.results import Comparison
from tests.compare.real_logs import logs, sb3_logs, zoo_logs
from tests.compare.run_folders import VERDICTS, write_run, write_study

__all__ = ["logs", "sb3_logs", "zoo_logs"]  # fixtures that tests of several modules share


@pytest.fixture(name="write_run")
def _write_run() -> Callable[..., Path]:
    """Return what writes a run."""
    return write_run


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a study into a folder of its own."""
    return lambda scores, **changes: write_study(tmp_path / "demo", scores, **changes)


@pytest.fixture(scope="session")
def verdict_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study of six games with five seeds that brings out every verdict once."""
    scores: dict[tuple[str, str, str], list[float]] = {}
    for game, (standard, coord) in VERDICTS.items():
        scores[game, "ppo", "standard"] = standard
        scores[game, "ppo", "coord"] = coord
    return write_study(tmp_path_factory.mktemp("verdicts") / "all", scores)


@pytest.fixture(scope="session")
def written(verdict_study: Path) -> tuple[Comparison, Path, str]:
    """Return the comparison of that study, the folder it was written to, and what it printed."""
    console = Console(width=100, record=True, file=StringIO())
    comparison = compare_runs(verdict_study, console=console)
    return comparison, verdict_study / "comparison", console.export_text()
