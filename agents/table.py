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

from agents.display import LINE_INTERVAL, duration, summary
from agents.executor import Job
from agents.progress import Progress

RECENT = 8
"""How many of the runs that have ended the live table shows."""
STYLES = {"finished": "green", "failed": "red", "running": "cyan", "skipped": "dim"}


class Display(Protocol):
    """Shows how the jobs of a study stand."""

    def update(self) -> None:
        """Show it again, where something has changed."""


@contextmanager
def study_display(jobs: list[Job], console: Console) -> Iterator[Display]:
    """Show the jobs of a study while the context lasts.

    :param jobs: The jobs, whose states change
    :param console: Where to: a live table if it is a terminal, else lines
    """
    if not console.is_terminal:
        yield _Lines(jobs, console)
        return
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        yield _Table(jobs, live)


class _Table:
    def __init__(self, jobs: list[Job], live: Live) -> None:
        self.jobs, self.live = jobs, live

    def update(self) -> None:
        self.live.update(Group(study_table(self.jobs), Text(counts(self.jobs))))


class _Lines:
    """A line for every change of a run's state, and every half minute for those that run."""

    def __init__(self, jobs: list[Job], console: Console) -> None:
        self.jobs, self.console = jobs, console
        self.states = {job.name: "waiting" for job in jobs}
        self.last = time.monotonic()

    def update(self) -> None:
        for job in self.jobs:
            if job.state != self.states[job.name]:
                self.states[job.name] = job.state
                reason = f": {job.reason}" if job.reason else ""
                self._print(f"{job.name} {job.state}{reason}")
        if time.monotonic() - self.last >= LINE_INTERVAL:
            self.last = time.monotonic()
            for job in self.jobs:
                progress = job.progress() if job.state == "running" else None
                if progress is not None:
                    self._print(f"{job.name} {_percent(progress)}, {summary(progress)}")

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def study_table(jobs: list[Job]) -> Table:
    """Make a table of the runs under way and of those that ended last."""
    table = Table("run", "state", "done", "timesteps/s", "left", "return", box=None)
    for column in table.columns[2:]:
        column.justify = "right"
    ended = [job for job in jobs if job.state in ("finished", "failed")]
    for job in ended[-RECENT:] + [job for job in jobs if job.state == "running"]:
        table.add_row(job.name, Text(job.state, STYLES[job.state]), *_cells(job))
    return table


def counts(jobs: list[Job]) -> str:
    """Count the jobs in each state, in a line."""
    states = Counter(job.state for job in jobs)
    return ", ".join(f"{n} {state}" for state, n in sorted(states.items()))


def _cells(job: Job) -> tuple[str, ...]:
    progress = job.progress() if job.state == "running" else None
    if progress is None:
        return ("", "", "", job.reason)
    mean_return = "" if progress.mean_return is None else f"{progress.mean_return:,.1f}"
    rate, left = progress.timesteps_per_second, duration(progress.seconds_left)
    return (_percent(progress), f"{rate:,.0f}", left, mean_return)


def _percent(progress: Progress) -> str:
    return f"{100 * progress.timesteps / progress.n_timesteps:.0f} %"
