"""What a Slurm job does for a run: trains it, and queues again when its time is nearly up.

Quick to import. ``python -m agents.executors.slurm_job FOLDER THREADS [FLAG ...]``
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from common.command_line import BAD_INPUT, INTERRUPTED
from common.errors import UsageError
from common.files import locked
from common.processes import GRACE, AttachedProcess, thread_environment

TIME_LIMIT = 124
"""Exit code of a job whose time is up and that Slurm does not queue again."""
POLL_INTERVAL = 0.5
"""Seconds between two looks for a signal."""


def main(argv: Sequence[str]) -> int:
    """Train a run within the time of the Slurm job that this process is.

    :param argv: The run's folder, its threads, and further flags of ``agents.train``
    :return: The exit code of the training, as a shell gives it; 124 if it is to be continued
    """
    folder, num_threads, *flags = argv
    return SlurmJob(Path(folder), int(num_threads), flags).run()


class SlurmJob:
    """Trains a run, from its newest checkpoint.

    :param flags: Further flags of ``agents.train``
    """

    def __init__(self, folder: Path, num_threads: int, flags: Sequence[str]) -> None:
        self.folder = folder
        self.command = [sys.executable, "-m", "agents.train", "--run", str(folder), "--attached"]
        self.command += flags
        self.environment = thread_environment(num_threads)
        self.received: set[int] = set()
        for number in (signal.SIGUSR1, signal.SIGTERM):
            signal.signal(number, lambda received, _frame: self.received.add(received))

    def run(self) -> int:
        """Train until the run ends or the time is up; return the exit code."""
        before = self._newest_checkpoint()
        code = self._train() if self._nobody_else_trains() else INTERRUPTED
        if code == 0 or signal.SIGUSR1 not in self.received:
            return code if code >= 0 else 128 - code
        if self._newest_checkpoint() == before:
            print("error: its time limit leaves no time for a checkpoint: ask for more time")
            return BAD_INPUT
        return _queue_again()

    def _nobody_else_trains(self) -> bool:
        """Wait for any other process that trains the run: that of a lost node may still do so."""
        while not self.received:
            try:
                with locked(self.folder, "the run"):
                    return True
            except UsageError:
                time.sleep(POLL_INTERVAL)
        return False

    def _train(self) -> int:
        """Train; return the exit code, minus the signal's number if one ended it."""
        process = AttachedProcess(self.command, self.folder / "log.txt", self.environment)
        deadline = float("inf")
        while (end := process.end(POLL_INTERVAL)) is None:
            if self.received and deadline == float("inf"):
                process.stop()
                deadline = time.monotonic() + GRACE
            elif time.monotonic() > deadline:
                process.kill()
        return end[0]

    def _newest_checkpoint(self) -> str:
        return max((path.name for path in self.folder.glob("checkpoint/[0-9]*.pt")), default="")


def _queue_again() -> int:
    """Have Slurm queue this job again, which ends it."""
    requeue = ["scontrol", "requeue", os.environ["SLURM_JOB_ID"]]
    done = subprocess.run(requeue, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(GRACE)
    print(f"time limit; it is not queued again: {done.stderr.strip()}")
    return TIME_LIMIT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
