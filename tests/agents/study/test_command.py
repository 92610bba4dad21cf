"""Studies of real runs in real processes."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.run.folder import RunFolder
from common.files import locked, read_json
from tests.agents.runs import (
    BROKEN,
    SMALL,
    episodes_without_wall_time,
    is_locked,
    run_at,
    run_study,
    weights_hash,
    write_study,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("study")
    assert run_study(write_study(root / "small.yaml"), "-f", str(root / "runs")) == 0
    return root / "runs"


def test_a_study_trains_its_runs_and_compares_them(finished: Path) -> None:
    record = read_json(finished / "study.json")
    assert record["name"] == "small"
    assert record["runs"] == ["Breakout/a2c/standard/seed-0", "Breakout/a2c/coord/seed-0"]
    assert record["comparison"]["baseline"] == "standard"
    for name in record["runs"]:
        assert RunFolder(finished / name).record["status"] == "finished"
    comparison = finished / "comparison"
    assert (comparison / "report.html").stat().st_size > 10_000
    assert json.loads((comparison / "comparison.json").read_text())


def test_other_arms_and_another_order_give_the_same_bits(finished: Path, tmp_path: Path) -> None:
    file = write_study(tmp_path / "other.yaml", arms=["coord-first", "coord"])
    assert run_study(file, "-f", str(tmp_path / "runs"), "--processes", "2") == 0
    first, second = run_at(finished, "coord"), run_at(tmp_path / "runs", "coord")
    assert weights_hash(first) == weights_hash(second)
    assert episodes_without_wall_time(first) == episodes_without_wall_time(second)
    assert weights_hash(run_at(finished, "standard")) != weights_hash(first)


def test_finished_runs_are_skipped(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run_at(finished, "coord").path / "model.zip").stat().st_mtime_ns
    assert run_study(str(finished.parent / "small.yaml"), "-f", str(finished)) == 0
    assert (run_at(finished, "coord").path / "model.zip").stat().st_mtime_ns == before
    assert "2 skipped" in capsys.readouterr().err


def test_runs_of_another_configuration_are_refused(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study_json = (finished / "study.json").read_bytes()
    file = str(finished.parent / "small.yaml")
    assert run_study(file, "-f", str(finished), "-n", "160") == 2
    assert "another n_timesteps" in capsys.readouterr().err
    assert (finished / "study.json").read_bytes() == study_json


def test_a_failing_run_is_reported_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "failing_arm.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(modules)
    monkeypatch.setenv("PYTHONPATH", str(modules))
    arms = ["failing_arm.Broken", "standard"]
    file = write_study(tmp_path / "study.yaml", arms=arms)
    assert run_study(file, "-f", str(tmp_path / "runs")) == 1
    error = capsys.readouterr().err
    assert error.count("running again: RuntimeError: out of luck") == 1
    assert "failed: Breakout/a2c/failing_arm.Broken/seed-0: RuntimeError: out of luck" in error
    failed = run_at(tmp_path / "runs", "failing_arm.Broken")
    assert failed.record["status"] == "failed"
    assert "Traceback" in (failed.path / "log.txt").read_text()
    assert run_at(tmp_path / "runs", "standard").record["status"] == "finished"
    assert "out of luck" in (tmp_path / "runs/comparison/report.html").read_text()


def test_list_prints_a_command_for_each_unfinished_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--env", "Breakout", "--algo", "a2c", "--seeds", "2", "-n", "16", "-f", str(tmp_path)]
    small = [f"{key}:{value}" for key, value in SMALL["a2c"].items()]
    assert run_study(*flags, "--list", "-params", *small) == 0
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 4
    subprocess.run(commands[0], shell=True, check=True, capture_output=True, cwd="/")
    assert run_at(tmp_path, "standard").record["status"] == "finished"
    assert run_study(*flags, "--list", "-params", *small) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_two_studies_in_one_folder_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_study(tmp_path / "study.yaml")
    with locked(tmp_path, "the study"):
        assert run_study(file, "-f", str(tmp_path)) == 2
    assert "another process is working on the study" in capsys.readouterr().err
    assert not (tmp_path / "study.json").exists()


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_no_second_attempt(tmp_path: Path) -> None:
    """A limit on the size of files stops the saving of a model as a full disk would."""
    file = write_study(tmp_path / "study.yaml", n_timesteps=32)
    command = f"{sys.executable} -m agents.study {file} -f {tmp_path / 'runs'}"
    limited = subprocess.run(
        ["bash", "-c", f"ulimit -f 2000; exec {command}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert limited.returncode == 1
    assert limited.stderr.count("running again") == 0
    assert "Traceback" not in limited.stderr
    for arm in ("standard", "coord"):
        assert f"failed: Breakout/a2c/{arm}/seed-0: File too large" in limited.stderr
        assert run_at(tmp_path / "runs", arm).record["status"] == "failed"


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_study_leaves_no_run_behind(tmp_path: Path, number: int) -> None:
    file = write_study(tmp_path / "study.yaml", n_timesteps=10**7)
    root = tmp_path / "runs"
    command = [sys.executable, "-m", "agents.study", file, "-f", str(root), "--processes", "2"]
    # Where the tests run in a shell's background, Ctrl-C is ignored, by their processes too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(root.glob("*/*/*/*/progress.json")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(process.pid, number)
    _, error = process.communicate(timeout=120)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130
        assert "Traceback" not in error
        assert error.splitlines()[-1] == f"interrupted; to go on: {shlex.join(command)}"
    deadline = time.monotonic() + 30
    for arm in ("standard", "coord"):
        while is_locked(run_at(root, arm).path):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    statuses = {arm: run_at(root, arm).record["status"] for arm in ("standard", "coord")}
    assert "running" not in statuses.values()
    assert "interrupted" in statuses.values()
