"""Studies on a real Ray cluster of two nodes, one of which is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster

from agents.executors.jobs import Job
from agents.executors.ray_cluster import RayExecutor, ray_executor
from agents.executors.ray_worker import SharedFile
from agents.run.folder import RunFolder
from agents.study.scheduling import run_jobs
from agents.training.execute import execute
from tests.agents.runs import (
    BROKEN,
    episodes_without_wall_time,
    is_locked,
    run_at,
    small_run,
    weights_hash,
    write_study,
)

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SETTINGS: dict[str, Any] = {"n_timesteps": 3200, "save_freq": 320}
ARMS = ("slow_arm.Standard", "slow_arm.Coord")
SLOW = """
import time
from pathlib import Path
from coordrl import CoordNatureCNN
from stable_baselines3.common.torch_layers import NatureCNN

def wait():
    if Path(__file__).with_name("brake").exists():
        time.sleep(0.02)

class Standard(NatureCNN):
    def forward(self, observations):
        wait()
        return super().forward(observations)

class Coord(CoordNatureCNN):
    def forward(self, observations):
        wait()
        return super().forward(observations)
"""
"""A module with arms that take their time while a file lies beside it."""


@pytest.fixture(scope="module", autouse=True)
def brake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Have arms found, here and by studies; return the file that slows them down."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "slow_arm.py").write_text(SLOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield folder / "brake"


@pytest.fixture
def braked(brake: Path, undisturbed: Path) -> Iterator[Path]:
    """Have no run end before the file is removed, on however fast a machine."""
    brake.touch()
    yield brake
    brake.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    head = {"num_cpus": 1, "num_gpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield cluster
    cluster.shutdown()


@pytest.fixture
def second_node(cluster: Cluster) -> Iterator[Any]:
    node = cluster.add_node(num_cpus=1)
    yield node
    if node in cluster.worker_nodes:
        cluster.remove_node(node)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train both runs in this process."""
    root = tmp_path_factory.mktemp("undisturbed")
    for job in jobs_at(root):
        execute(job.folder, lambda progress: None)
    return root


def jobs_at(root: Path) -> list[Job]:
    jobs = []
    for arm in ARMS:
        config = small_run("a2c", arm, score_window=1.0, **SETTINGS)
        folder = RunFolder(root / config.relative_folder)
        folder.plan(config)
        jobs.append(Job(str(config.relative_folder), folder, config))
    return jobs


def assert_same_bits(root: Path, undisturbed: Path) -> None:
    for arm in ARMS:
        ours, theirs = run_at(root, arm), run_at(undisturbed, arm)
        assert weights_hash(ours) == weights_hash(theirs)
        assert episodes_without_wall_time(ours) == episodes_without_wall_time(theirs)
        for key in ("score", "fingerprints", "status"):
            assert ours.record[key] == theirs.record[key]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def start_study(cluster: Cluster, folder: Path, **changes: Any) -> subprocess.Popen[bytes]:
    """Start a study in the folder's "runs", its errors in errors.txt."""
    file = write_study(folder / "study.yaml", **{**SETTINGS, "arms": [*ARMS], **changes})
    flags = ["--executor", "ray", "--address", cluster.address, "-f", str(folder / "runs")]
    with (folder / "errors.txt").open("w") as errors:
        return subprocess.Popen([sys.executable, "-m", "agents.study", file, *flags], stderr=errors)


def test_a_lost_nodes_run_resumes_elsewhere(
    cluster: Cluster, second_node: Any, undisturbed: Path, braked: Path, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    study = start_study(cluster, tmp_path)
    runs = [run_at(root, arm) for arm in ARMS]
    wait_for(lambda: all(list(run.checkpoints.glob("0*.pt")) for run in runs))
    cluster.remove_node(second_node, allow_graceful=False)
    # Waiting, queued or running again: what it is when the study is next looked at.
    told = "again: its Ray node or worker was lost"
    wait_for(lambda: told in (tmp_path / "errors.txt").read_text())
    braked.unlink()
    assert study.wait(240) == 0
    output = (tmp_path / "errors.txt").read_text()
    assert output.count("took 2 attempts: ") == 1
    assert_same_bits(root, undisturbed)
    timesteps = [row["timestep"] for run in runs for row in run.record["resumptions"]]
    assert len(timesteps) == 1
    assert timesteps[0] >= 320
    assert not (root / ".shared").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_study_stops_its_runs(cluster: Cluster, number: int, tmp_path: Path) -> None:
    study = start_study(cluster, tmp_path, n_timesteps=10**6)
    run = run_at(tmp_path / "runs", ARMS[0])
    wait_for(run.progress_path.exists)
    study.send_signal(number)
    assert study.wait(60) == 130
    output = (tmp_path / "errors.txt").read_text()
    assert "Traceback" not in output
    assert "interrupted; to go on: " in output.splitlines()[-1]
    assert run.record["status"] == "interrupted"
    assert not is_locked(run.path)


def test_without_a_shared_folder_runs_start_again_and_come_back(
    cluster: Cluster, second_node: Any, undisturbed: Path, braked: Path, tmp_path: Path
) -> None:
    jobs = jobs_at(tmp_path)
    lost = False
    with ray_executor(cluster.address, tmp_path, 1, 0, None) as executor:
        assert executor.capacity == 2
        executor.shared.path.write_text("another machine's")
        for _ in run_jobs(jobs, executor, hang_timeout=60):
            if not lost and all(job.progress() for job in jobs):
                assert {job.folder.record["status"] for job in jobs} == {"running"}
                cluster.remove_node(second_node, allow_graceful=False)
                lost = True
            if any(job.failures for job in jobs):
                braked.unlink(missing_ok=True)
    assert [job.state for job in jobs] == ["finished", "finished"]
    [reason] = [reason for job in jobs for reason in job.failures]
    assert reason.startswith("its Ray node or worker was lost")
    assert_same_bits(tmp_path, undisturbed)
    assert all(job.folder.record["resumptions"] == [] for job in jobs)


def test_a_stopped_run_comes_back_with_its_checkpoints(
    cluster: Cluster, undisturbed: Path, braked: Path, tmp_path: Path
) -> None:
    jobs = jobs_at(tmp_path)
    with ray_executor(cluster.address, tmp_path, 1, 0, None) as executor:
        executor.shared.path.write_text("another machine's")
        with closing(run_jobs(jobs, executor, None)) as executing:
            for _ in executing:
                progress = jobs[0].progress()
                if progress is not None and progress.timesteps > 320:
                    break
        assert [job.state for job in jobs] == ["interrupted", "waiting"]
    assert jobs[0].folder.record["status"] == "interrupted"
    assert jobs[0].resumes_at() >= 320
    braked.unlink()
    for job in jobs_at(tmp_path):
        execute(job.folder, lambda progress: None)
    assert_same_bits(tmp_path, undisturbed)
    assert jobs[0].folder.record["resumptions"]


def test_a_run_that_fails_comes_back_with_its_log(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails in a module of the user's, found on the node as it is here."""
    (tmp_path / "failing_arm.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    config = small_run("a2c", "failing_arm.Broken", n_timesteps=1000)
    job = Job("broken", RunFolder(tmp_path / "broken"), config)
    job.folder.plan(config)
    with ray_executor(cluster.address, tmp_path, 1, 0, None) as executor:
        executor.shared.path.write_text("another machine's")
        for _ in run_jobs([job], executor, None):
            pass
    assert job.state == "failed"
    assert job.failures == ["RuntimeError: out of luck"] * 2
    assert job.folder.record["error"] == "RuntimeError: out of luck"
    assert "Traceback" in job.log.read_text()


@pytest.mark.parametrize(
    ("num_threads", "gpus", "limit", "capacity"),
    [(1, 0, None, 2), (1, 0, 1, 1), (1, 0.5, None, 1), (2, 0, None, 0)],
)
def test_capacity_is_what_the_nodes_have_room_for(
    cluster: Cluster,
    second_node: Any,
    tmp_path: Path,
    num_threads: int,
    gpus: float,
    limit: int | None,
    capacity: int,
) -> None:
    with ray_executor(cluster.address, tmp_path, 1, 0, None):
        executor = RayExecutor(SharedFile(tmp_path / "shared", ""), num_threads, gpus, limit)
        assert executor.capacity == capacity
