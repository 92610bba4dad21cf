"""Runs on other disks, linked into a folder: refused in a line, or followed; never dropped."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agents import enjoy, evaluate, status
from agents.play.agent import find_runs
from agents.status import run_names
from common.command_line import run_command
from common.errors import UsageError

COORD = Path("Seaquest", "a2c", "coord", "seed-0")
Main = Callable[[Sequence[str] | None], int]


@pytest.fixture
def linked(finished_runs: Path, tmp_path: Path) -> Path:
    """Return a folder of runs of which one lies elsewhere, with a link in its place."""
    run = finished_runs / COORD
    disk = tmp_path / "disk"
    shutil.move(run, disk)
    run.symlink_to(disk)
    return finished_runs


@pytest.mark.parametrize("main", [status.main, evaluate.main, enjoy.main])
def test_a_link_is_refused_in_a_line_that_says_what_to_do(
    main: Main, linked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(main, [str(linked)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{COORD.name} is a link to" in line
    assert "add --follow-links" in line


def test_links_are_followed_and_runs_count_once(
    linked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = sorted(path.parent for path in linked.glob("*/*/*/*/run.json"))
    assert linked / COORD in expected
    (linked / "loop").symlink_to(linked)
    runs, left_out = find_runs([linked], follow_links=True)
    assert (sorted(run.path for run in runs), left_out) == (expected, [])
    assert "links were followed" in capsys.readouterr().err
    assert status.main([str(linked), "--follow-links"]) == 0
    assert f"{len(expected)} runs" in capsys.readouterr().out


def test_a_named_link_is_the_run(linked: Path) -> None:
    runs, _ = find_runs([linked / COORD])
    assert [run.path for run in runs] == [linked / COORD]


def test_a_study_that_lists_a_link(linked: Path) -> None:
    (linked / "study.json").write_text(json.dumps({"runs": [COORD.as_posix()]}))
    with pytest.raises(UsageError, match="add --follow-links"):
        run_names(linked)
    assert run_names(linked, follow_links=True) == [COORD.as_posix()]
