"""Studies on a real Slurm of two nodes: jobs that are lost, cancelled, out of time, left behind."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents.executors.slurm_queue import job_name
from agents.run.folder import RunFolder
from agents.training.execute import execute
from tests.agents.runs import (
    episodes_without_wall_time,
    run_at,
    small_run,
    weights_hash,
    write_study,
)
from tests.agents.slurm_cluster import SlurmCluster, slurm, slurm_cluster

pytestmark = [pytest.mark.slow, pytest.mark.alone]

# Long enough to be lost, cancelled and killed, also on a machine that is far faster.
SETTINGS: dict[str, Any] = {"n_timesteps": 3840, "save_freq": 320}
ARMS = ("standard", "coord")
KILLS = 4
SETTLED = 10.0
"""Seconds until the news of a job's end has arrived everywhere, also on a busy machine."""
VICTIMS = ("run", "job", "run", "study")
"""Killed in turn: a run's process, the job that watches over it, the study."""
SLOW = """
import os, time
from stable_baselines3.common.torch_layers import NatureCNN

class Slow(NatureCNN):
    def forward(self, observations):
        time.sleep(float(os.environ.get("PAUSE", 0)))
        return super().forward(observations)
"""
"""A module with an arm that takes its time, if it is told to."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[SlurmCluster]:
    with slurm_cluster("node1", "node2") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train both runs in this process."""
    root = tmp_path_factory.mktemp("undisturbed")
    for arm in ARMS:
        train_here(root, arm, **SETTINGS)
    return root


def train_here(root: Path, arm: str, **settings: Any) -> RunFolder:
    config = small_run("a2c", arm, score_window=1.0, **settings)
    folder = RunFolder(root / config.relative_folder)
    folder.plan(config)
    execute(folder, lambda progress: None)
    return folder


def assert_same_bits(root: Path, undisturbed: Path, *arms: str) -> None:
    for arm in arms:
        ours, theirs = run_at(root, arm), run_at(undisturbed, arm)
        assert weights_hash(ours) == weights_hash(theirs)
        assert episodes_without_wall_time(ours) == episodes_without_wall_time(theirs)
        for key in ("score", "fingerprints", "status"):
            assert ours.record[key] == theirs.record[key]


def wait_for(condition: Callable[[], Any], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def start_study(folder: Path, *flags: str, **changes: Any) -> subprocess.Popen[bytes]:
    """Start a study in the folder's "runs", its errors appended to errors.txt."""
    file = write_study(folder / "study.yaml", **{**SETTINGS, **changes})
    command = [sys.executable, "-m", "agents.study", file, "--executor", "slurm"]
    with (folder / "errors.txt").open("a") as errors:
        return subprocess.Popen([*command, "-f", str(folder / "runs"), *flags], stderr=errors)


def end_of(study: subprocess.Popen[bytes]) -> int:
    """Wait for a study's end, letting no job wait the two minutes after it was queued again.

    It waits for some seconds of them: a job that begins before the news of its first end arrive
    is taken for failed by Slurm.
    """
    deadline = time.monotonic() + 500
    waiting_since: dict[str, float] = {}
    while study.poll() is None:
        now = time.monotonic()
        assert now < deadline
        lines = slurm("squeue", "--states=PENDING", "--noheader", "--format=%i|%r").splitlines()
        waiting = [line.removesuffix("|BeginTime") for line in lines if line.endswith("|BeginTime")]
        waiting_since = {job: waiting_since.get(job, now) for job in waiting}
        for job, since in waiting_since.items():
            if now - since > SETTLED:
                slurm("scontrol", "update", f"JobId={job}", "StartTime=now")
        time.sleep(1)
    return study.returncode


def jobs_of(root: Path, *states: str) -> dict[str, tuple[str, str]]:
    """Return node and folder of the study's jobs in some states, by their numbers."""
    which = ["--states", ",".join(states) or "all", "--noheader", "--format=%i|%N|%Z"]
    lines = slurm("squeue", "--name", job_name(root), *which).splitlines()
    return {number: (node, folder) for number, node, folder in (x.split("|") for x in lines)}


def python_paths() -> list[str]:
    return [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]


def has_checkpoint(run: RunFolder) -> bool:
    return any(run.checkpoints.glob("0*.pt"))


def test_a_lost_nodes_run_goes_on_elsewhere(
    cluster: SlurmCluster, undisturbed: Path, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    study = start_study(tmp_path)
    runs = [run_at(root, arm) for arm in ARMS]
    wait_for(lambda: all(map(has_checkpoint, runs)))
    slurm("scontrol", "update", "NodeName=node2", "State=DOWN", "Reason=lost")
    try:
        assert end_of(study) == 0
    finally:
        slurm("scontrol", "update", "NodeName=node2", "State=RESUME")
    assert_same_bits(root, undisturbed, *ARMS)
    [resumption] = [row for run in runs for row in run.record["resumptions"]]
    assert resumption["exact"]
    assert resumption["timestep"] >= 320
    assert len(jobs_of(root)) == 2  # it is Slurm that queues the job again
    assert {node for node, _ in jobs_of(root).values()} == {"node1"}


def test_a_cancelled_job_is_submitted_once_more(
    cluster: SlurmCluster, undisturbed: Path, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    study = start_study(tmp_path)
    run = run_at(root, "coord")
    wait_for(lambda: has_checkpoint(run))
    [number] = [each for each, (_, path) in jobs_of(root).items() if path == str(run.path)]
    slurm("scancel", number)
    assert end_of(study) == 0
    output = (tmp_path / "errors.txt").read_text()
    assert f"took 2 attempts: Breakout/a2c/coord/seed-0: its Slurm job {number} was" in output
    assert_same_bits(root, undisturbed, *ARMS)
    assert len(jobs_of(root)) == 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_study_that_is_started_again_finds_its_jobs(
    number: int, cluster: SlurmCluster, undisturbed: Path, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    slurm("scontrol", "update", "NodeName=node2", "State=DRAIN", "Reason=one job at a time")
    try:
        study = start_study(tmp_path)
        wait_for(lambda: jobs_of(root, "RUNNING") and jobs_of(root, "PENDING"))
        wait_for(lambda: has_checkpoint(run_at(root, "standard")))
        study.send_signal(number)
        assert study.wait(60) == (-number if number == signal.SIGKILL else 130)
    finally:
        slurm("scontrol", "update", "NodeName=node2", "State=RESUME")
    jobs = jobs_of(root)
    assert len(jobs) == 2
    if number == signal.SIGINT:
        output = (tmp_path / "errors.txt").read_text()
        assert "2 jobs stay in Slurm's queue; to cancel them: scancel" in output
        assert f"--name={job_name(root)}" in output
    assert end_of(start_study(tmp_path)) == 0
    assert jobs_of(root).keys() == jobs.keys()
    assert_same_bits(root, undisturbed, *ARMS)
    assert not any(run_at(root, arm).record["resumptions"] for arm in ARMS)


def training(run: RunFolder) -> list[psutil.Process]:
    """Find the process that trains a run, if there is one."""
    lines = {each: each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])}
    return [each for each, line in lines.items() if {"agents.train", str(run.path)} <= {*line}]


def newest_checkpoint(run: RunFolder) -> str:
    return max((path.name for path in run.checkpoints.glob("0*.pt")), default="")


def test_jobs_killed_at_random_moments_end_with_the_bits_of_undisturbed_ones(
    cluster: SlurmCluster, undisturbed: Path, tmp_path: Path
) -> None:
    root, moments, victims, killed = tmp_path / "runs", random.Random(1), cycle(VICTIMS), 0
    runs = [run_at(root, arm) for arm in ARMS]
    study = start_study(tmp_path)
    while killed < KILLS:
        before = [newest_checkpoint(run) for run in runs]
        further: list[RunFolder] = []
        while not further:
            assert not all(run.finished for run in runs)
            if study.poll() is not None:  # it has been killed, or a run for the second time
                study = start_study(tmp_path)
            time.sleep(0.1)
            now = [newest_checkpoint(run) for run in runs]
            further = [run for run, a, b in zip(runs, before, now, strict=True) if a < b]
        time.sleep(moments.uniform(0, 0.5))
        with suppress(psutil.NoSuchProcess, ValueError):
            [process] = training(further[0])
            {"run": process, "job": process.parent(), "study": study}[next(victims)].kill()
            killed += 1
    if end_of(study) != 0:
        assert end_of(start_study(tmp_path)) == 0
    assert_same_bits(root, undisturbed, *ARMS)
    resumptions = [row for run in runs for row in run.record["resumptions"]]
    assert len(resumptions) >= 2
    assert all(row["timestep"] > 0 for row in resumptions)


def test_jobs_that_meet_their_time_limit_are_queued_again(
    cluster: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_arm.py").write_text(SLOW)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *python_paths()]))
    monkeypatch.syspath_prepend(tmp_path)
    settings = {"n_timesteps": 1280, "save_freq": 64}
    quick = train_here(tmp_path / "undisturbed", "slow_arm.Slow", **settings)
    monkeypatch.setenv("PAUSE", "0.2")
    study = start_study(tmp_path, "--slurm", "time=3", arms=["slow_arm.Slow"], **settings)
    assert end_of(study) == 0
    root = tmp_path / "runs"
    slow = run_at(root, "slow_arm.Slow")
    assert slow.record["resumptions"]
    assert weights_hash(slow) == weights_hash(quick)
    assert episodes_without_wall_time(slow) == episodes_without_wall_time(quick)
    errors = (tmp_path / "errors.txt").read_text()
    assert len(jobs_of(root)) == 1, errors  # the same job each time


def test_a_time_limit_that_leaves_no_time_is_a_failure(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    # Far longer than a minute to its first checkpoint, on any machine.
    long = {"n_timesteps": 1_000_000, "save_freq": 1_000_000}
    study = start_study(tmp_path, "--slurm", "time=1", arms=["coord"], **long)
    assert end_of(study) == 1
    run = run_at(tmp_path / "runs", "coord")
    assert run.record["status"] == "failed"
    # By the job itself; by Slurm, if the job was not yet up when it was warned.
    assert re.search("before a checkpoint|no time for a checkpoint", run.record["error"])
    assert len(jobs_of(tmp_path / "runs")) == 1


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--slurm partition=none", "Invalid partition name"),
        # This machine needs no GPU of its own, and this cluster has none.
        ("--device cuda", "Invalid generic resource (gres) specification"),
    ],
)
def test_what_slurm_refuses_is_told_in_a_line(
    flags: str, reason: str, cluster: SlurmCluster, tmp_path: Path
) -> None:
    assert start_study(tmp_path, *flags.split()).wait(120) == 2
    line = (tmp_path / "errors.txt").read_text().splitlines()[-1]
    assert line.startswith("error: Slurm refuses the study's jobs: sbatch: ")
    assert reason in line
