"""How progress is shown: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from agents.run.config import RunConfig
from agents.run.progress import Progress

LINE_INTERVAL = 30.0
"""Seconds between two lines of progress where there is no terminal."""


def describe(config: RunConfig) -> str:
    """Name a run in a few words."""
    return f"{config.env} {config.algo} {config.arm.name} seed {config.seed}"


def duration(seconds: float) -> str:
    """Format a duration as h:mm:ss.

    >>> duration(3725.4)
    '1:02:05'
    """
    return str(timedelta(seconds=round(seconds)))


def summary(progress: Progress) -> str:
    """Rate, time left and return of a run, in a few words."""
    mean_return = "-" if progress.mean_return is None else f"{progress.mean_return:,.1f}"
    return (
        f"{progress.timesteps_per_second:,.0f} timesteps/s, "
        f"{duration(progress.seconds_left)} left, return {mean_return}"
    )


@contextmanager
def run_display(config: RunConfig) -> Iterator[Callable[[Progress], None]]:
    """Show one run's progress on standard error.

    :return: A context whose value is to be called with the run's progress
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(config)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    elapsed = (TimeElapsedColumn(), TextColumn("{task.fields[summary]}"))
    with Bar(*columns, *elapsed, console=console) as bar:
        task = bar.add_task(describe(config), total=config.n_timesteps, summary="starting")
        yield lambda progress: bar.update(
            task, completed=progress.timesteps, summary=summary(progress)
        )


def _lines(config: RunConfig) -> Callable[[Progress], None]:
    last = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_INTERVAL:
            last = time.monotonic()
            done = f"{progress.timesteps:,}/{progress.n_timesteps:,} timesteps"
            print(f"{describe(config)}: {done}, {summary(progress)}", file=sys.stderr, flush=True)

    return report
