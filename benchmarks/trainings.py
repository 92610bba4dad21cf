"""Trainings of RL Zoo's and of a study's, as processes that are timed from outside."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from agents.config import make_run_config
from agents.errors import UsageError
from agents.process import thread_environment
from agents.run_folder import RunFolder
from benchmarks.marks import read_marks, timesteps_at

ROOT = Path(__file__).parents[1]
ARMS = ("standard", "coord")
ZOO_ALL_CORES, ZOO_PER_CORE = "Zoo, one run", "Zoo, a run a core"
WARM_UP = {"a2c": 1_600, "ppo": 2_048}
"""Timesteps of every process before it is timed: two rollouts of PPO."""
PATIENCE = 600.0
"""Seconds to wait for the next mark of a training, its start included."""


class Trainings:
    """Trains at once while the context lasts, each in a process of its own.

    :param contenders: What trains: an arm, or one of RL Zoo's ways
    :param game: Name of the game
    :param algo: Algorithm of all
    :param zoo_python: Interpreter that has RL Zoo
    """

    def __init__(self, contenders: list[str], game: str, algo: str, zoo_python: str) -> None:
        self.contenders, self.game, self.algo = contenders, game, algo
        self.zoo_python = zoo_python
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Trainings":
        self._begun = time.monotonic()
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        for seed, contender in enumerate(self.contenders):
            self.processes.append(self._start(contender, seed))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self._temporary.cleanup()

    def warm(self) -> float:
        """Wait until all have left start and warm-up behind; return the moment when they had."""
        warm_up = WARM_UP[self.algo]
        while True:
            times = [
                next((seconds for seconds, timesteps in marks if timesteps >= warm_up), None)
                for marks in self._marks()
            ]
            if None not in times:
                return max(seconds for seconds in times if seconds is not None)
            self._wait()

    def rates(self, start: float, seconds: float) -> list[float]:
        """Wait until all have trained on beyond a time, and tell how fast each was in it.

        :param start: When it began, on the clock of ``time.monotonic``
        :param seconds: How long it lasts
        :return: Timesteps per second
        """
        end = start + seconds
        while any(marks[-1][0] < end for marks in self._marks()):
            self._wait()
        return [
            (timesteps_at(marks, end) - timesteps_at(marks, start)) / seconds
            for marks in self._marks()
        ]

    def pin(self, cores: list[int]) -> None:
        """Give every process, with all its threads, a core of its own."""
        for process, core in zip(self.processes, cores, strict=True):
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core})

    def _start(self, contender: str, seed: int) -> subprocess.Popen[bytes]:
        """Start a process that finds this clone's benchmarks."""
        one_thread = contender != ZOO_ALL_CORES
        environment = thread_environment(1) if one_thread else dict(os.environ)
        environment["PYTHONPATH"] = str(ROOT)
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(
                self._command(contender, seed),
                env=environment,
                stdout=output,
                stderr=output,
                cwd=self.folder,
            )

    def _command(self, contender: str, seed: int) -> list[str]:
        marks = str(self.folder / f"marks-{seed}")
        if contender in ARMS:
            run = RunFolder(self.folder / f"run-{seed}")
            run.plan(make_run_config(env=self.game, algo=self.algo, arm=contender, seed=seed))
            return [sys.executable, "-m", "benchmarks.timed_run", str(run.path), marks]
        callback = json.dumps([{"benchmarks.marks.RolloutMarks": {"path": marks}}])
        command = [self.zoo_python, "-m", "rl_zoo3.train", "--algo", self.algo]
        command += ["--env", f"{self.game}NoFrameskip-v4", "--seed", str(seed), "--eval-freq", "-1"]
        return [*command, "--log-folder", str(self.folder), "-params", f"callback:{callback}"]

    def _marks(self) -> list[list[tuple[float, int]]]:
        return [read_marks(self.folder / f"marks-{seed}") for seed in range(len(self.contenders))]

    def _wait(self) -> None:
        """Wait a moment for the next mark.

        :raises UsageError: If it is not to be expected
        """
        newest = max([self._begun, *(marks[-1][0] for marks in self._marks() if marks)])
        silent = time.monotonic() - newest > PATIENCE
        if silent or any(process.poll() is not None for process in self.processes):
            lines = (self.folder / "output").read_text(errors="replace").splitlines()[-1:]
            raise UsageError(f"a training ended or came to nothing: {' '.join(lines)}")
        time.sleep(0.5)
