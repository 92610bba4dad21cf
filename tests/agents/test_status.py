"""How a study stands, read from its folder alone."""

import os
import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from agents import status
from agents.run.folder import RunFolder
from agents.run.progress import Progress
from agents.status import run_status
from common.files import write_json
from tests.agents.runs import refused, small_run

TIMING = {"wall_seconds": 3725.4, "cpu_seconds": 60.0, "timesteps_per_second": 16.0}


def planned(root: Path, seed: int, **record: Any) -> RunFolder:
    config = small_run(seed=seed, n_timesteps=1600)
    folder = RunFolder(root / config.relative_folder)
    folder.plan(config)
    if record:
        folder.update(**record)
    return folder


def reports(folder: RunFolder, timesteps: int, age: float) -> None:
    """Leave the report of a run that has got so far, so many seconds ago."""
    progress = Progress(timesteps, 1600, 16.0, (1600 - timesteps) / 16, 1.5)
    write_json(folder.progress_path, asdict(progress))
    for path in (folder.progress_path, folder.path / "run.json"):
        os.utime(path, (time.time() - age, time.time() - age))


def shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert status.main([str(folder)]) == 0
    return capsys.readouterr().out


def test_all_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(tmp_path, 0)
    planned(tmp_path, 1, status="finished", timing=TIMING)
    planned(tmp_path, 2, status="failed", error="RuntimeError: out of luck")
    reports(planned(tmp_path, 3, status="running"), 800, age=2)
    reports(planned(tmp_path, 4, status="running"), 400, age=600)
    (planned(tmp_path, 5).path / "run.json").write_text("{")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    out = shown(tmp_path, capsys)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    lines = {line.split()[0]: line for line in out.splitlines() if "seed-" in line}
    name = "Breakout/a2c/standard/seed-{}".format
    assert set(lines) == {name(seed) for seed in (2, 3, 4, 5)}
    assert "RuntimeError: out of luck" in lines[name(2)]
    assert lines[name(3)].split()[1:] == ["running", "50", "%", "16", "0:00:50", "1.5"]
    assert "silent" in lines[name(4)]
    assert re.search(r"no sign of life for 0:1\d:\d\d", lines[name(4)])
    assert "damaged" in lines[name(5)]
    assert "1:02:05" in out  # what the finished one cost
    last = out.splitlines()[-1]
    assert "6 runs: 1 damaged, 1 failed, 1 finished, 1 planned, 1 running, 1 silent" in last
    # At 16 timesteps/s 50 s of seed 3, 75 s of seed 4 and 100 s of seed 0, one at a time.
    assert last.endswith("about 0:03:45 left at 1 at a time")


def test_a_study_names_its_runs_also_those_not_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(tmp_path, 0)
    write_json(tmp_path / "study.json", {"runs": ["Breakout/a2c/standard/seed-0", "lost"]})
    assert "2 runs: 1 damaged, 1 planned" in shown(tmp_path, capsys)
    assert "not a run's folder" in run_status(tmp_path, "lost").detail


def test_a_folder_without_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds no runs" in refused(status.main, [str(tmp_path)], capsys)
    assert "is not a folder" in refused(status.main, [str(tmp_path / "nowhere")], capsys)
