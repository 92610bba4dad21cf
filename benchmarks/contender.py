"""Trainings of RL Zoo's and of a study's: processes that take turns, and are timed from outside."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

from agents.run.config import make_run_config
from agents.run.folder import RunFolder
from benchmarks.marks import read_marks, timesteps_at
from common.errors import UsageError
from common.processes import thread_environment

ROOT = Path(__file__).parents[1]
ARMS = ("standard", "coord")
ZOO_ALL_CORES, ZOO_PER_CORE = "Zoo, one run", "Zoo, a run a core"
WARM_UP = {"a2c": 1_600, "ppo": 2_048}
"""Timesteps of every process before it is timed: two rollouts of PPO."""
PATIENCE = 1200.0
"""Seconds to wait for a mark, the start of all processes included."""


class Training:
    """A process that trains, and can be stopped in between.

    :param contender: What trains: an arm, or one of RL Zoo's ways
    :param folder: An empty folder for its files
    :param zoo_python: Interpreter that has RL Zoo, for its ways
    :param device: Where an arm trains
    """

    def __init__(
        self,
        contender: str,
        game: str,
        algo: str,
        seed: int,
        folder: Path,
        zoo_python: str = sys.executable,
        device: str = "cpu",
    ) -> None:
        self._folder, self._warm_up = folder, WARM_UP[algo]
        if contender not in (ZOO_ALL_CORES, ZOO_PER_CORE):
            run = RunFolder(folder / "run")
            run.plan(make_run_config(env=game, algo=algo, arm=contender, seed=seed, device=device))
            command = [sys.executable, "-m", "benchmarks.timed_run", str(run.path)]
            command.append(str(folder / "marks"))
        else:
            marks = {"benchmarks.marks.RolloutMarks": {"path": str(folder / "marks")}}
            command = [zoo_python, "-m", "rl_zoo3.train", "--algo", algo, "--seed", str(seed)]
            command += ["--env", f"{game}NoFrameskip-v4", "--eval-freq", "-1"]
            command += ["--log-folder", str(folder), "-params", f"callback:{json.dumps([marks])}"]
        # Nothing is said of threads to the one that has all cores, as its users would not.
        own = dict(os.environ) if contender == ZOO_ALL_CORES else thread_environment(1)
        with (folder / "output").open("wb") as output:
            self._turns = [(time.monotonic(), math.inf)]
            self._process = subprocess.Popen(
                command,
                env={**own, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])},
                stdout=output,
                stderr=output,
                cwd=folder,
            )

    def go_on(self, cores: Collection[int]) -> int:
        """Train on some cores, after a stop.

        :raises UsageError: If the process has ended
        """
        self._check(self._process.poll() is None)
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), set(cores))
        self._turns.append((time.monotonic(), math.inf))
        self._process.send_signal(signal.SIGCONT)
        return len(self._turns) - 1

    def stop(self) -> None:
        """End a turn; the first one begins with the process."""
        self._process.send_signal(signal.SIGSTOP)
        self._turns[-1] = (self._turns[-1][0], time.monotonic())

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def wait_until_warm(self) -> None:
        """Wait until start and warm-up are over."""
        while max((timesteps for _, timesteps in self._marks()), default=0) < self._warm_up:
            self._wait()

    def wait_for_a_mark(self) -> None:
        """Wait until the turn under way has brought one."""
        while self._marks()[-1][0] < self._turns[-1][0]:
            self._wait()

    def rate(self, turn: int) -> float:
        """Return the timesteps/s of a turn that is over, once a later one has brought a mark."""
        marks = [(self._ran(moment), timesteps) for moment, timesteps in self._marks()]
        start, end = (self._ran(moment) for moment in self._turns[turn])
        return (timesteps_at(marks, end) - timesteps_at(marks, start)) / (end - start)

    def _ran(self, moment: float) -> float:
        """Return how many seconds the process had run by then, stops left out."""
        return sum(max(min(end, moment) - start, 0) for start, end in self._turns)

    def _marks(self) -> list[tuple[float, int]]:
        return read_marks(self._folder / "marks")

    def _wait(self) -> None:
        """Wait a moment for the next mark.

        :raises UsageError: If none is to be expected
        """
        self._check(self._process.poll() is None)
        self._check(time.monotonic() - self._turns[-1][0] < PATIENCE)
        time.sleep(0.5)

    def _check(self, trains: bool) -> None:
        if not trains:
            lines = (self._folder / "output").read_text(errors="replace").splitlines()[-1:]
            raise UsageError(f"a training ended or came to nothing: {' '.join(lines)}")
