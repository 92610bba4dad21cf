"""Trains runs on this machine, each in a process of its own.

The processes are forked from one that has imported what they need, so that only the first of a
study's runs waits for torch and Stable-Baselines3 to be imported.
"""

import os
import shlex
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from setproctitle import setproctitle

from agents.attached import end_with_parent
from agents.cli import run_command
from agents.jobs import Job, Outcome, process_outcome
from agents.process import Output, thread_environment

# Elsewhere a process that has imported torch is not safe to fork.
CONTEXT = get_context("forkserver") if sys.platform == "linux" else get_context("spawn")
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
        self.capacity = capacity
        self.environment = thread_environment(num_threads)
        # Adam, PPO's optimizer, imports torch's compiler at its first step: two seconds.
        compiler = ["torch._dynamo"] if "ppo" in algorithms else []
        CONTEXT.set_forkserver_preload([*compiler, "agents.preloaded"])

    def start(self, job: Job) -> "TrainingProcess":
        """Start a process that trains or resumes the run.

        :raises OSError: If it cannot be started, or its folder not be written
        """
        with _environment(self.environment):
            return TrainingProcess(job)


class TrainingProcess:
    """An execution of a run by a process of this machine.

    :param job: The run
    :raises OSError: If the process cannot be started, or the run's log not be written
    """

    pending = False

    def __init__(self, job: Job) -> None:
        self.output = Output(job.log)
        self._outcome: Outcome | None = None
        self.process = CONTEXT.Process(target=_train, args=(job.command(), job.log))
        try:
            self.process.start()
        except EOFError:
            raise OSError("the process from which runs are forked has died") from None

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


def _train(command: list[str], log: Path) -> None:
    """Do in this process what the command does in one of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()  # Ctrl-C reaches the study, which then stops its runs in order
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    setproctitle(shlex.join(command))
    sys.orig_argv, sys.argv = command, command[2:]
    end_with_parent()

    from agents import train

    sys.exit(run_command(train.main, command[3:]))


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Give processes that are started in this context an environment of their own."""
    own = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(own)
