"""Trains runs on this machine, each in a process of its own."""

import os

from agents.jobs import Job, Outcome, process_outcome
from agents.process import AttachedProcess, thread_environment


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalExecutor:
    """Processes of this machine; they end by themselves should this process die.

    :param capacity: How many there are at a time
    :param num_threads: Threads of each
    """

    def __init__(self, capacity: int, num_threads: int) -> None:
        self.capacity = capacity
        self.environment = thread_environment(num_threads)

    def start(self, job: Job) -> "TrainingProcess":
        """Start a process that trains or resumes the run.

        :raises OSError: If it cannot be started, or its folder not be written
        """
        return TrainingProcess([*job.command(), "--attached"], job.log, self.environment)


class TrainingProcess(AttachedProcess):
    """An execution of a run by a process of this machine."""

    pending = False

    def outcome(self) -> Outcome | None:
        """Return how the process ended, None while it lasts."""
        end = self.end()
        return None if end is None else process_outcome(*end)
