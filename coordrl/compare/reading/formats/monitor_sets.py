"""Which Monitor files are the environments of one run.

SB3's ``make_vec_env`` names them ``0.monitor.csv``, ``1.monitor.csv`` and so on. What has a name of
its own (``train.monitor.csv`` beside ``eval.monitor.csv``, ``monitor.csv`` beside either) is
another thing, and so is what was written at another time.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from coordrl.compare.reading.files import UnusableError

# Seconds by which clocks may be corrected while the environments of a run are made.
_SLACK = 1.0
# Making the environments of a run takes less than this, in seconds.
_LONGEST_START = 3600.0
_CHOOSE = (
    "choose with a --pattern that ends with the file's name ('.../{}'), or another kind of log "
    "with --source"
)


class MonitorFile(Protocol):
    """What is known of a file: when it was begun, and when its first game ended, if one did."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def started(self) -> float:
        """Wall time of the header."""

    @property
    def first_end(self) -> float | None:
        """Seconds from then to the end of its first game."""


def check_names(paths: Sequence[Path], n_envs: int | None = None, *, numbered: bool = True) -> None:
    """Check by their names that files are the environments of one run, and all of them.

    :param n_envs: how many environments there were, if that is known
    :param numbered: whether numbers count environments, rather than runs
    :raises UnusableError: if they are not; the others' timesteps would be wrong
    """
    sets: dict[tuple[str, bool, str], list[Path]] = {}
    numbers: set[int] = set()
    for path in paths:
        found = re.fullmatch(r"(.*?)([0-9]*)(\W?monitor\.csv)", path.name, re.DOTALL)
        before, number, after = found.groups() if found else (path.name, "", "")
        sets.setdefault((before, bool(number), after), []).append(path)
        if number:
            numbers.add(int(number))
    if len(sets) > 1:
        a, b, *_ = (members[0].name for members in sets.values())
        raise UnusableError(
            f"{a} and {b} are not environments of one run, by their names: {_CHOOSE.format(a)}"
        )
    # Not a set up to the largest: a single file may be called 99999999.monitor.csv.
    gaps = [number for number in range(len(numbers)) if number not in numbers]
    if numbered and gaps:
        before, _, after = next(iter(sets))
        raise UnusableError(f"{before}{gaps[0]}{after} is missing")
    if n_envs is not None and len(paths) != n_envs:
        raise UnusableError(f"{len(paths)} of {n_envs} monitor.csv files are there")


def check_times(files: Sequence[MonitorFile]) -> None:
    """Check that files were begun together: no game of a run ends before all environments are made.

    :raises UnusableError: if they were not
    """
    last = max(files, key=lambda file: file.started)
    for file in files:
        before = last.started - file.started
        ended = _LONGEST_START if file.first_end is None else file.first_end + _SLACK
        if before > ended:
            raise UnusableError(
                f"{file.name} was begun {before:,.0f} seconds before {last.name}, so they are not "
                f"of one run: remove what is left of another, or {_CHOOSE.format(last.name)}"
            )
