"""Trains runs on this machine, each in a process of its own.

The processes are forked from one that has imported what they need, so that only the first of a
study's runs waits for torch and Stable-Baselines3. ``multiprocessing`` keeps that process, which
ends with the study's.
"""

import os
import shlex
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from setproctitle import setproctitle

from agents import train
from agents.executors.jobs import Job, Outcome, process_outcome
from common.command_line import run_command
from common.processes import Output, end_with_parent, thread_variables

ORPHANED = 255
"""Exit code that ``multiprocessing`` gives to processes whose parent was killed."""
FORKED = get_context("forkserver") if sys.platform == "linux" else None
"""Elsewhere a process that has imported torch is not safe to fork."""
FRESH = get_context("spawn")


class LocalExecutor:
    """Processes of this machine; they end by themselves should this process die.

    :param capacity: How many there are at a time
    """

    durable = False

    def __init__(self, capacity: int, num_threads: int, algorithms: Collection[str]) -> None:
        self.capacity, self.num_threads = capacity, num_threads
        _preload(algorithms)

    def start(self, job: Job) -> "TrainingProcess":
        """Start a process that trains or resumes the run.

        :raises OSError: If it cannot be started, or its folder not be written
        """
        return TrainingProcess(job, self.num_threads)


class TrainingProcess:
    """An execution of a run by a process of this machine.

    :raises OSError: If it cannot be started, or the run's log not be written
    """

    pending = False

    def __init__(self, job: Job, num_threads: int) -> None:
        self.output = Output(job.log)
        self._outcome: Outcome | None = None
        self.process = _start_training(job.command(), job.log, thread_variables(num_threads))

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


def _preload(algorithms: Collection[str]) -> None:
    """Have imported what runs of these algorithms need; to be called before the first is started.

    :param algorithms: Such as "ppo"
    """
    if FORKED is not None:
        # Adam, PPO's optimizer, imports torch's compiler at its first step: two seconds.
        compiler = ["torch._dynamo"] if "ppo" in algorithms else []
        FORKED.set_forkserver_preload([*compiler, "agents.executors.preloaded"])


def _start_training(command: list[str], log: Path, variables: dict[str, str]) -> BaseProcess:
    """Start a process that does what a command does, forked if that can be done.

    It ends should this process die, and signals to this one's group do not reach it.

    :param command: ``python -m agents.train`` with its arguments
    :param log: File to which its output is appended
    :param variables: Environment variables, of effect while modules are imported
    :raises OSError: If it cannot be started
    """
    arguments = (command, log)
    with _environment(variables):
        if FORKED is not None:
            process: BaseProcess = FORKED.Process(target=_train, args=arguments)
            # Its socket is a file, for which there may be no room, and whose path may be too long.
            with suppress(OSError, EOFError):
                with _ignored(signal.SIGINT, signal.SIGTERM):
                    forkserver.ensure_running()
                process.start()
                return process
        process = FRESH.Process(target=_train, args=arguments)
        process.start()
        return process


def _train(command: list[str], log: Path) -> None:
    """Do in this process what the command does in one of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()  # Ctrl-C reaches the study, which then stops its runs in order
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    setproctitle(shlex.join(command))
    sys.orig_argv, sys.argv = command, command[2:]
    end_with_parent()
    sys.exit(run_command(train.main, command[3:]))


@contextmanager
def _ignored(*signals: signal.Signals) -> Iterator[None]:
    """Let processes that are started in this context ignore signals, for as long as they live."""
    handlers = [signal.signal(each, signal.SIG_IGN) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, handlers, strict=True):
            signal.signal(each, handler)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that are started in this context."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
