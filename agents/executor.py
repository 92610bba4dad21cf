"""Runs the runs of a study in processes of their own, a few at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agents.errors import UsageError
from agents.files import locked
from agents.progress import Progress, read_progress
from agents.run_folder import RunFolder

POLL_INTERVAL = 0.2
"""Seconds between two looks at the running processes."""
STOP_TIMEOUT = 10.0
"""Seconds that an interrupted run has to put its folder in order."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class Job:
    """A run of the study, and how it stands.

    :param name: The run's folder within the study
    :param folder: The run's folder
    :param state: waiting, running, finished, failed, or skipped if it was finished before
    :param reason: Why it failed, in one line
    """

    name: str
    folder: RunFolder
    state: str = "waiting"
    reason: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def command(self) -> list[str]:
        """Return the command that trains the run, by itself and anywhere."""
        return [sys.executable, "-m", "agents.train", "--run", str(self.folder.path.resolve())]

    def progress(self) -> Progress | None:
        """Read how far the run is, None if it has not said so yet."""
        return read_progress(self.folder.progress_path)

    @property
    def log(self) -> Path:
        """The file that holds what the run's process prints."""
        return self.folder.path / "log.txt"


def execute_jobs(jobs: list[Job], n_processes: int, num_threads: int) -> Generator[None]:
    """Train all jobs, in order, yielding now and then so that the caller can show how they stand.

    A failed run is recorded and the others go on. When the iterator is closed or interrupted, the
    running processes are stopped.

    :param jobs: The jobs; their states are kept up to date
    :param n_processes: How many run at a time
    :param num_threads: Threads of each process
    """
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(num_threads))}
    waiting = [job for job in jobs if job.state == "waiting"]
    running: list[Job] = []
    with _stopped_at_the_end(running):
        while waiting or running:
            while waiting and len(running) < n_processes:
                job = waiting.pop(0)
                _start(job, environment)
                running.append(job)
            yield
            time.sleep(POLL_INTERVAL)
            for job in [job for job in running if _ended(job)]:
                running.remove(job)
    yield


def _start(job: Job, environment: dict[str, str]) -> None:
    with job.log.open("wb") as log:
        # A session of its own: Ctrl-C reaches the study, which then stops its runs in order.
        job.process = subprocess.Popen(
            job.command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    job.state = "running"


def _ended(job: Job) -> bool:
    assert job.process is not None
    code = job.process.poll()
    if code is None:
        return False
    if code == 0:
        job.state = "finished"
    else:
        job.state = "failed"
        job.reason = _reason(job, code)
        _record_failure(job)
    return True


def _reason(job: Job, code: int) -> str:
    """Find out in one line why a process failed."""
    if code < 0:
        return f"killed by signal {-code}"
    lines = job.log.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("error: ") if lines else f"exit code {code}"


def _record_failure(job: Job) -> None:
    """Say in run.json that a run has failed which could not say so itself."""
    try:
        # Not while a process that an earlier study left behind is still training it.
        with locked(job.folder.path, "the run"):
            if job.folder.record["status"] != "failed":
                job.folder.update(status="failed", error=job.reason)
    except (OSError, UsageError) as error:
        job.reason += f" (and its run.json cannot be updated: {error})"


@contextmanager
def _stopped_at_the_end(running: Iterable[Job]) -> Iterator[None]:
    """Stop the processes that still run when the context ends, however it ends."""
    try:
        yield
    finally:
        processes = [job.process for job in running if job.process is not None]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
