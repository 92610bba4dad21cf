"""What a Ray node does for a run, here without Ray."""

import time
from pathlib import Path

import pytest

from agents.executors.parcel import pack, unpack
from agents.executors.ray_worker import RayWorker, Report, SharedFile
from agents.run.folder import RunFolder
from tests.agents.runs import small_run


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.plan(small_run())
    return folder


def last_report(worker: RayWorker) -> Report:
    deadline = time.monotonic() + 120
    while (report := worker.report()).end is None:
        assert time.monotonic() < deadline
    return report


@pytest.mark.parametrize("content", [None, "another token"])
def test_a_folder_that_is_not_shared_is_left_alone(
    content: str | None, folder: RunFolder, tmp_path: Path
) -> None:
    shared = SharedFile(tmp_path / ".shared", "token")
    if content is not None:
        shared.path.write_text(content)
    assert RayWorker(1, "").train(folder.path, shared) is None
    assert {path.name for path in folder.path.iterdir()} == {"run.json"}


def test_a_run_is_trained_apart_and_comes_back(folder: RunFolder) -> None:
    worker = RayWorker(1, "")
    assert worker.train_apart(pack(folder.path)) == Report()
    process, temporary = worker.process, worker.temporary
    assert worker.train_apart(b"asked again") == Report()
    assert worker.process is process
    report = last_report(worker)
    assert report.end is not None
    assert report.end[0] == 0
    assert report.folder is not None
    worker.kill()
    assert temporary is not None
    assert not Path(temporary.name).exists()
    assert folder.record["status"] == "planned"
    unpack(report.folder, folder.path)
    assert folder.finished
    assert "Breakout" in (folder.path / "log.txt").read_text()


def test_a_shared_folder_is_trained_in_place_and_stopped(folder: RunFolder, tmp_path: Path) -> None:
    shared = SharedFile(tmp_path / ".shared", "token")
    shared.path.write_text("token")
    worker = RayWorker(1, "")
    assert worker.train(folder.path, shared) == Report()
    worker.stop()
    assert last_report(worker).folder is None
    worker.kill()
    assert folder.path.exists()
