"""Trains runs on this machine, each in a process of its own."""

import os
from collections.abc import Collection

from agents.executors.forking import preload, start_training
from agents.executors.jobs import Job, Outcome, process_outcome
from common.processes import Output, thread_variables

ORPHANED = 255
"""Exit code that ``multiprocessing`` gives to processes whose parent was killed."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalExecutor:
    """Processes of this machine; they end by themselves should this process die.

    :param capacity: How many there are at a time
    :param num_threads: Threads of each
    :param algorithms: What they train with
    """

    def __init__(self, capacity: int, num_threads: int, algorithms: Collection[str]) -> None:
        self.capacity, self.num_threads = capacity, num_threads
        preload(algorithms)

    def start(self, job: Job) -> "TrainingProcess":
        """Start a process that trains or resumes the run.

        :raises OSError: If it cannot be started, or its folder not be written
        """
        return TrainingProcess(job, self.num_threads)


class TrainingProcess:
    """An execution of a run by a process of this machine.

    :param job: The run
    :param num_threads: Threads of the process
    :raises OSError: If it cannot be started, or the run's log not be written
    """

    pending = False

    def __init__(self, job: Job, num_threads: int) -> None:
        self.output = Output(job.log)
        self._outcome: Outcome | None = None
        self.process = start_training(job.command(), job.log, thread_variables(num_threads))

    def outcome(self) -> Outcome | None:
        """Return how the process ended, None while it lasts."""
        if self._outcome is None and (code := self.process.exitcode) is not None:
            self.process.close()  # by this an orphan notices, and ends
            if code == ORPHANED:
                self._outcome = Outcome("its parent process was killed", lost=True)
            else:
                self._outcome = process_outcome(code, self.output.text())
        return self._outcome

    def stop(self) -> None:
        """Ask the process to end."""
        if self._outcome is None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process, if it has not ended, and wait for that."""
        if self._outcome is None:
            self.process.kill()
            self.process.join()
