"""A process that trains a run and ends with its parent. Quick to import: Ray's workers do so."""

import os
import subprocess
from pathlib import Path


def thread_variables(num_threads: int) -> dict[str, str]:
    """Return environment variables by which libraries use so many threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(names, str(num_threads))


def thread_environment(num_threads: int) -> dict[str, str]:
    """Return the environment of a process that is to use so many threads."""
    return {**os.environ, **thread_variables(num_threads)}


class Output:
    """What is appended to a file from now on.

    :param log: The file
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

    :param command: How it is started
    :param log: File to which its output is appended
    :param environment: Its environment variables
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
