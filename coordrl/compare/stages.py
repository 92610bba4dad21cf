"""Showing on a terminal how far a comparison is."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

_T = TypeVar("_T")


class Stages:
    """Shows what is being done, and how far it is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=None)

    def begin(self, what: str) -> None:
        """Begin a stage of unknown length."""
        self._progress.reset(self._task, total=None, description=what)

    def track(self, items: Sequence[_T]) -> Iterable[_T]:
        """Pass items on, and show how many have been."""
        return self._progress.track(items, len(items), task_id=self._task)


@contextmanager
def stages(console: Console) -> Iterator[Stages]:
    """Show the stages of a comparison, and remove them at its end.

    :param console: where; nothing is shown unless it is a terminal
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with shown:
        yield Stages(shown)
