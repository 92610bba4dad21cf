"""How a study stands, live on a terminal, or line by line in a log."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents.executors.jobs import Job
from agents.run.display import LINE_INTERVAL, duration, summary
from agents.run.progress import Progress
from agents.study.costs import Load, cost_of, kind_of, time_left

RECENT = 8
"""How many of the runs that have ended the live table shows."""
STYLES = {"finished": "green", "failed": "red", "running": "cyan", "elsewhere": "magenta"}
LOG_WIDTH = 160
"""Columns of a table where there is no terminal."""


class Display(Protocol):
    """Shows how the jobs of a study stand."""

    def update(self) -> None:
        """Show it again, where something has changed."""


def make_console(*, stderr: bool = False) -> Console:
    """Make a console whose tables are not squeezed into 80 columns in a log or a pipe."""
    console = Console(stderr=stderr)
    if not console.is_terminal:
        console.width = LOG_WIDTH
    return console


@contextmanager
def study_display(jobs: list[Job], n_processes: int, console: Console) -> Iterator[Display]:
    """Show the jobs of a study while the context lasts.

    :param jobs: The jobs, whose states change
    :param n_processes: How many run at a time
    :param console: Where to: a live table if it is a terminal, else lines
    """
    left = _TimeLeft(jobs, n_processes)
    if not console.is_terminal:
        yield _Lines(jobs, left, console)
        return
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        yield _Table(jobs, left, live)


class _TimeLeft:
    """Estimates when a study ends; what a finished run said of its rate is read once."""

    def __init__(self, jobs: list[Job], n_processes: int) -> None:
        self.jobs, self.n_processes = jobs, n_processes
        self.ended: dict[str, Load] = {}

    def __str__(self) -> str:
        loads = [self.ended.get(job.name) or self._load(job) for job in self.jobs]
        states = Counter(job.state for job in self.jobs)
        at_a_time = states["running"] if states["queued"] else self.n_processes
        seconds = time_left(loads, max(at_a_time, 1))
        return "" if seconds is None else f", about {duration(seconds)} left"

    def _load(self, job: Job) -> Load:
        kind = kind_of(job.config)
        if job.state in ("finished", "skipped"):
            cost = cost_of(job.folder.record)
            load = Load(kind, 0, cost.timesteps_per_second if cost else None)
        elif job.state in ("failed", "unneeded"):
            load = Load(kind, 0)
        else:
            progress = job.progress() if job.state in ("running", "elsewhere") else None
            if progress is None:
                return Load(kind, job.config.n_timesteps - job.resumes_at())
            left = progress.n_timesteps - progress.timesteps
            return Load(kind, left, progress.timesteps_per_second)
        self.ended[job.name] = load
        return load


class _Table:
    def __init__(self, jobs: list[Job], left: _TimeLeft, live: Live) -> None:
        self.jobs, self.left, self.live = jobs, left, live
        self.last = 0.0

    def update(self) -> None:
        if time.monotonic() - self.last < 1:
            return
        self.last = time.monotonic()
        self.live.update(Group(study_table(self.jobs), Text(f"{counts(self.jobs)}{self.left}")))


class _Lines:
    """A line for every change of a run's state, and every half minute for those that run."""

    def __init__(self, jobs: list[Job], left: _TimeLeft, console: Console) -> None:
        self.jobs, self.left, self.console = jobs, left, console
        self.shown = {job.name: _line(job) for job in jobs}
        self.last = time.monotonic()

    def update(self) -> None:
        for job in self.jobs:
            line = _line(job)
            if line != self.shown[job.name]:
                self.shown[job.name] = line
                self._print(line)
        if time.monotonic() - self.last >= LINE_INTERVAL:
            self.last = time.monotonic()
            for job in self.jobs:
                progress = job.progress() if job.state == "running" else None
                if progress is not None:
                    self._print(f"{job.name} {percent(progress)}, {summary(progress)}")
            self._print(f"{counts(self.jobs)}{self.left}")

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _line(job: Job) -> str:
    """Say how a job stands."""
    if job.state in ("queued", "running", "waiting") and job.failures:
        return f"{job.name} {job.state} again: {job.reason}"
    return f"{job.name} {job.state}" + (f": {job.reason}" if job.state == "failed" else "")


def study_table(jobs: list[Job]) -> Table:
    """Make a table of the runs under way and of those that ended last."""
    table = Table("run", "state", "done", "timesteps/s", "left", "return", box=None)
    for column in table.columns[2:]:
        column.justify = "right"
    ended = [job for job in jobs if job.state in ("finished", "failed")]
    for job in ended[-RECENT:] + [job for job in jobs if job.state in ("running", "elsewhere")]:
        table.add_row(job.name, Text(job.state, STYLES[job.state]), *_cells(job))
    return table


def counts(jobs: list[Job]) -> str:
    """Count the jobs in each state, in a line."""
    states = Counter(job.state for job in jobs)
    return ", ".join(f"{n} {state}" for state, n in sorted(states.items()))


def percent(progress: Progress) -> str:
    """Say how much of a run is done."""
    return f"{100 * progress.timesteps / progress.n_timesteps:.0f} %"


def progress_cells(progress: Progress) -> tuple[str, str, str, str]:
    """Return what tables show of a run under way: done, timesteps/s, left, return."""
    mean_return = "" if progress.mean_return is None else f"{progress.mean_return:,.1f}"
    rate, left = progress.timesteps_per_second, duration(progress.seconds_left)
    return percent(progress), f"{rate:,.0f}", left, mean_return


def _cells(job: Job) -> tuple[str, str, str, str]:
    progress = job.progress() if job.state in ("running", "elsewhere") else None
    if progress is None:
        return ("", "", "", job.reason if job.state != "finished" else "")
    return progress_cells(progress)
