"""Cores, threads, and processes that end with the one that started them, however that ends.

Quick to import: Ray's workers do so.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process
from pathlib import Path

from common.command_line import INTERRUPTED

GRACE = 10.0
"""Seconds for an orderly end."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_variables(num_threads: int) -> dict[str, str]:
    """Return environment variables by which libraries use so many threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(names, str(num_threads))


def thread_environment(num_threads: int) -> dict[str, str]:
    """Return the environment of a process that is to use so many threads."""
    return {**os.environ, **thread_variables(num_threads)}


class Output:
    """What is appended to a file from now on.

    :raises OSError: If it cannot be written
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self.start = file.tell()

    def text(self) -> str:
        """Return it."""
        with self.log.open("rb") as file:
            file.seek(self.start)
            return file.read().decode(errors="replace")


class AttachedProcess:
    """A process that works until it ends by itself, or its standard input closes.

    :param log: File to which its output is appended
    :raises OSError: If it cannot be started, or the file not be written
    """

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.output = Output(log)
        with log.open("ab") as file:
            # A session of its own: Ctrl-C reaches the study, which then stops its runs in order.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def end(self, timeout: float = 0.0) -> tuple[int, str] | None:
        """Return its exit code (minus the signal's number if one ended it) and what it printed.

        :param timeout: Seconds to wait for its end
        :return: None while it lasts
        """
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        assert self.process.stdin is not None
        self.process.stdin.close()
        return code, self.output.text()

    def stop(self) -> None:
        """Ask the process to end."""
        self.process.terminate()

    def kill(self) -> None:
        """End the process, if it has not ended, and wait for that."""
        self.process.kill()
        self.process.wait()


def end_with_input() -> None:
    """End this process, as SIGTERM does, when its standard input closes.

    Whoever starts it holds the other end of a pipe, which closes however that process ends.
    """
    _end_after(_wait_for_input_to_close)


def end_with_parent() -> None:
    """End this process, as SIGTERM does, when the one that started it ends.

    It is ``multiprocessing`` that started it.
    """
    parent = parent_process()
    assert parent is not None
    _end_after(parent.join)


def _end_after(wait: Callable[[], None]) -> None:
    def wait_and_end() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(INTERRUPTED)

    threading.Thread(target=wait_and_end, daemon=True).start()


def _wait_for_input_to_close() -> None:
    # Not sys.stdin, whose lock a waiting thread would hold when the interpreter shuts down.
    while os.read(0, 1024):
        pass
