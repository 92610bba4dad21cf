"""Running commands side by side, on all cores, with a display.

They end with the process that runs them, however that ends.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from common.processes import thread_environment

_POLL_INTERVAL = 0.2
_STOP_TIMEOUT = 10.0


@dataclass(frozen=True)
class Job:
    """A command to run, with one thread.

    :param name: what it is called on the display
    :param module: what ``python -m`` is given
    :param arguments: the module's
    :param folder: where it writes; what it prints goes to ``log.txt`` there
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    folder: Path

    @property
    def log(self) -> Path:
        """The file that holds what the command prints."""
        return self.folder / "log.txt"

    def last_line(self) -> str:
        """Return the last line that the command has printed."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else ""


def run_jobs(jobs: Sequence[Job], processes: int, done: int = 0) -> list[Job]:
    """Run commands, some at a time; when interrupted, end those under way.

    :param jobs: the commands, in the order in which they are begun
    :param processes: how many run at a time
    :param done: jobs done before, for the display
    :raises OSError: if a command cannot be begun
    """
    waiting, running, failed = list(jobs), dict[Job, subprocess.Popen[bytes]](), list[Job]()
    with (
        _display(len(jobs) + done, done) as display,
        _ended_at_last(running),
        _deferred_interrupts() as interrupts,
    ):
        while waiting or running:
            if interrupts:
                raise KeyboardInterrupt
            while waiting and len(running) < processes:
                job = waiting.pop(0)
                running[job] = _start(job)
            time.sleep(_POLL_INTERVAL)
            for job in [job for job, process in running.items() if process.poll() is not None]:
                with running.pop(job) as process:  # which closes its input
                    if process.returncode != 0:
                        failed.append(job)
                display.end(job, failed=job in failed)
            display.show(running)
    return failed


def _start(job: Job) -> subprocess.Popen[bytes]:
    job.folder.mkdir(parents=True, exist_ok=True)
    with job.log.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "common.attached", job.module, *job.arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=thread_environment(1),
            start_new_session=True,  # Ctrl-C is for this process, which ends the others
        )


@contextmanager
def _deferred_interrupts() -> Iterator[list[int]]:
    """Note signals that ask for the end: in the middle of a start, a process would be forgotten."""
    noted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda n, _: noted.append(n)) for number in numbers}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _ended_at_last(running: dict[Job, subprocess.Popen[bytes]]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            with process:
                try:
                    process.wait(_STOP_TIMEOUT)
                except subprocess.TimeoutExpired:
                    process.kill()


class _Display:
    """A bar for all jobs and a line for each that runs; without a terminal a line for each end."""

    def __init__(self, progress: Progress, total: int, done: int) -> None:
        self.progress, self.total, self.done = progress, total, done
        self.whole = progress.add_task("all", total=total, completed=done)
        self.lines: dict[Job, TaskID] = {}

    def show(self, running: dict[Job, subprocess.Popen[bytes]]) -> None:
        for job in running:
            if job not in self.lines:
                self.lines[job] = self.progress.add_task(job.name, total=None)
            self.progress.update(self.lines[job], description=f"{job.name}: {job.last_line()}")

    def end(self, job: Job, *, failed: bool) -> None:
        self.done += 1
        self.progress.update(self.whole, completed=self.done)
        if job in self.lines:
            self.progress.remove_task(self.lines.pop(job))
        state = "failed" if failed else "done"
        text = f"{self.done}/{self.total} {state}: {job.name}: {job.last_line()}"
        self.progress.console.print(text, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _display(total: int, done: int) -> Iterator[_Display]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
    progress.disable = not console.is_terminal
    with progress:
        yield _Display(progress, total, done)
