"""Training processes of this machine, real ones: how they begin, and end."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agents.executors.jobs import Job, Outcome
from agents.executors.local import LocalExecutor, TrainingProcess
from agents.run.folder import RunFolder
from agents.study.scheduling import run_jobs
from tests.agents.runs import run_at, small_run, write_study


def planned(root: Path, n_timesteps: int) -> Job:
    config = small_run(n_timesteps=n_timesteps, save_freq=320)
    folder = RunFolder(root / str(n_timesteps))
    folder.plan(config)
    return Job(str(n_timesteps), folder, config)


@pytest.fixture
def executor() -> LocalExecutor:
    return LocalExecutor(1, 1, ["a2c"])


@pytest.fixture
def endless(tmp_path: Path, executor: LocalExecutor) -> Iterator[tuple[Job, TrainingProcess]]:
    """A run that has made timesteps, and that would go on for long."""
    job = planned(tmp_path, 1_000_000)
    execution = executor.start(job)
    while job.progress() is None:
        assert execution.outcome() is None
        time.sleep(0.05)
    yield job, execution
    execution.kill()


def process_of(execution: TrainingProcess) -> psutil.Process:
    pid = execution.process.pid
    assert pid is not None
    return psutil.Process(pid)


def outcome_of(execution: TrainingProcess) -> Outcome:
    while (outcome := execution.outcome()) is None:
        time.sleep(0.05)
    return outcome


def test_runs_are_forked_from_one_process_and_listed_with_their_commands(
    endless: tuple[Job, TrainingProcess], tmp_path: Path, executor: LocalExecutor
) -> None:
    job, execution = endless
    process = process_of(execution)
    assert "".join(process.cmdline()) == " ".join(job.command())
    other = planned(tmp_path, 16)
    beside = executor.start(other)
    assert process_of(beside).ppid() == process.ppid()
    assert outcome_of(beside) == Outcome()
    assert "no score" in other.log.read_text()


def test_a_stopped_run_says_how_to_go_on(endless: tuple[Job, TrainingProcess]) -> None:
    job, execution = endless
    execution.stop()
    assert outcome_of(execution) == Outcome("interrupted by a signal", mendable=True)
    assert job.folder.record["status"] == "interrupted"
    assert " ".join(job.command()[1:]) in job.log.read_text()


def test_a_run_whose_parent_is_killed_ends_and_is_trained_by_another(
    endless: tuple[Job, TrainingProcess], tmp_path: Path, executor: LocalExecutor
) -> None:
    job, execution = endless
    process = process_of(execution)
    parent = process.parent()
    assert parent is not None
    parent.kill()
    assert outcome_of(execution) == Outcome("its parent process was killed", lost=True)
    process.wait(60)
    assert job.folder.record["status"] == "interrupted"
    other = planned(tmp_path, 16)
    for _ in run_jobs([other], executor, None):
        pass
    assert other.state == "finished"


@pytest.mark.slow
def test_where_nothing_can_be_forked_runs_are_started_afresh(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)  # too long for a socket's path
    deep.mkdir()
    file = write_study(tmp_path / "s.yaml", arms=["standard"], n_timesteps=64)
    command = [sys.executable, "-m", "agents.study", file, "-f", str(tmp_path / "runs")]
    # Two arms are needed for a comparison, and so for the exit code 0.
    study = subprocess.run(
        command, check=False, env={**os.environ, "TMPDIR": str(deep)}, capture_output=True
    )
    assert study.returncode == 1
    assert run_at(tmp_path / "runs", "standard").finished
