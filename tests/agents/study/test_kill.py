"""Runs killed at random moments, again and again, end with the bits of undisturbed ones."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from ray.cluster_utils import Cluster

from agents.run.folder import RunFolder
from agents.run.progress import read_progress
from agents.training.checkpoints import checkpoint_paths
from tests.agents.runs import SMALL, episodes_without_wall_time, weights_hash

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(1800)]

KILLS = 12
"""Training processes to be killed, with each executor."""
VICTIMS = ("run", "parent", "run", "everything")
"""Killed in turn: a run's process, what watches over it, or the study and all its processes."""
STUDY: dict[str, Any] = {
    "env": ["Breakout"],
    "arms": ["coord"],
    "seeds": 1,
    "n_timesteps": 9600,
    "save_freq": 320,
    "hyperparams": SMALL,
}
RUNS = ("Breakout/a2c/coord/seed-0", "Breakout/ppo/coord/seed-0")
LONGEST_WAIT = 1 / 20
"""For the moment of a kill, as a part of a run's time: its runs are to outlast all kills."""


def study_command(root: Path, *flags: str) -> list[str]:
    file = root / "study.yaml"
    file.write_text(yaml.safe_dump(STUDY))
    return [sys.executable, "-m", "agents.study", str(file), "-f", str(root / "runs"), *flags]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("undisturbed")
    subprocess.run(study_command(root, "--processes", "2"), check=True, capture_output=True)
    return root / "runs"


@pytest.fixture(params=["local", "ray"])
def flags(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """Return the flags of an executor for two runs at a time."""
    if request.param == "local":
        yield ("--processes", "2")
        return
    head = {"num_cpus": 2, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield ("--executor", "ray", "--address", cluster.address)
    cluster.shutdown()


class Killer:
    """Kills what works on a study, at random moments.

    :param root: The study's folder
    :param longest_wait: Seconds
    :param seed: Of the moments
    """

    def __init__(self, root: Path, longest_wait: float, seed: int) -> None:
        self.root, self.longest_wait = root, longest_wait
        self.random = random.Random(seed)
        self.victims = cycle(VICTIMS)
        self.killed = 0
        self.orphaned = 0

    def strike(self, study: subprocess.Popen[bytes]) -> None:
        """Wait for a moment, then kill; a run that is ahead of the other first."""
        processes = self._processes()
        if not processes:
            time.sleep(0.2)
            return
        run = max(processes, key=self._timesteps)
        if self.random.random() < 0.5:
            wait_for_checkpoint(self.root / run, processes[run])
        time.sleep(self.random.uniform(0, self.longest_wait))
        victim = next(self.victims)
        if victim == "everything":
            study.kill()
            for name, process in self._processes().items():
                self.killed += self._kill(process, name)
        elif victim == "parent":
            with suppress(psutil.NoSuchProcess):
                self.orphaned += self._kill(processes[run].parent(), run)
            processes[run].wait(60)  # it ends by itself
        else:
            self.killed += self._kill(processes[run], run)

    def _processes(self) -> dict[str, psutil.Process]:
        """Find the processes that train the study's runs."""
        found = {}
        for process in psutil.process_iter(["cmdline"]):
            command = " ".join(process.info["cmdline"] or [])
            for run in RUNS:
                if "agents.train" in command and str(self.root / run) in command:
                    found[run] = process
        return found

    def _timesteps(self, run: str) -> int:
        progress = read_progress(self.root / run / "progress.json")
        return 0 if progress is None else progress.timesteps

    def _kill(self, process: psutil.Process | None, run: str) -> bool:
        """Kill a process; tell whether it lived and the run was not finished."""
        if process is None or not alive(process):
            return False
        with suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(60)
            return not RunFolder(self.root / run).finished
        return False


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def wait_for_checkpoint(run: Path, process: psutil.Process) -> None:
    """Wait for a run's next checkpoint, or its end."""
    folder = RunFolder(run)
    before = checkpoint_paths(folder.checkpoints)[:1]
    while alive(process) and checkpoint_paths(folder.checkpoints)[:1] == before:
        time.sleep(0.05)


def train_and_kill(command: list[str], killer: Killer, log: Path) -> None:
    """Start the study again until its runs are finished, and kill while there are kills to do."""
    with log.open("w") as errors:
        while not all(RunFolder(killer.root / run).finished for run in RUNS):
            study = subprocess.Popen(command, stdout=errors, stderr=errors)
            while study.poll() is None and killer.killed < KILLS:
                killer.strike(study)
            assert study.wait(900) in (0, 1, -signal.SIGKILL)


def test_killed_runs_end_with_the_bits_of_undisturbed_ones(
    flags: tuple[str, ...], undisturbed: Path, tmp_path: Path
) -> None:
    seconds = max(RunFolder(undisturbed / run).record["timing"]["wall_seconds"] for run in RUNS)
    killer = Killer(tmp_path / "runs", seconds * LONGEST_WAIT, seed=len(flags))
    log = tmp_path / "study.log"
    train_and_kill(study_command(tmp_path, *flags), killer, log)
    assert killer.killed >= KILLS
    assert killer.orphaned >= 1
    assert "Traceback" not in log.read_text()
    resumptions = []
    for run in RUNS:
        ours, theirs = RunFolder(killer.root / run), RunFolder(undisturbed / run)
        assert weights_hash(ours) == weights_hash(theirs)
        assert episodes_without_wall_time(ours) == episodes_without_wall_time(theirs)
        for key in ("score", "fingerprints"):
            assert ours.record[key] == theirs.record[key]
        resumptions += ours.record["resumptions"]
    assert len(resumptions) >= 3
    assert all(row["timestep"] > 0 for row in resumptions)
