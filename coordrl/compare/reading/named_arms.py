"""Arms by what runs were made with, ``--arm algorithm``, in place of what their paths say."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coordrl.compare.reading.files import UnusableError, read_record
from coordrl.compare.reading.folders import RUN_FILE
from coordrl.compare.reading.logs import LoggedRun
from coordrl.compare.reading.runs import UNSTATED, Missing, Run

_Read = Run | Missing | LoggedRun
ALGORITHM = "algorithm"
"""The one setting that is no longer what arms are compared within."""
# Characters of a setting that names an arm.
_LONGEST = 100


def arms_named(
    name: str, read: Sequence[_Read], settings: Sequence[dict[str, Any]]
) -> tuple[list[_Read], list[str]]:
    """Name the arms of runs by a setting, and by their arms before if there were several.

    :param name: "algorithm", or a setting that the runs' configurations hold
    :param settings: what is known of each run's configuration
    :return: the runs; those of which nothing says the setting are missing; and a note
    """
    before = {entry.key.arm for entry in read if entry.key is not None}
    found = [
        _named(name, entry, known, several=len(before) > 1)
        for entry, known in zip(read, settings, strict=True)
    ]
    found, notes = _shortened(found)
    also = " and by what their arms were before" if len(before) > 1 else ""
    return found, [f"arms are named by the {name} of the runs{also}", *notes]


def _named(name: str, entry: _Read, known: dict[str, Any], *, several: bool) -> _Read:
    key = entry.key
    if key is None:
        return entry
    try:
        if name == ALGORITHM:
            value = _text(name, None if key.algorithm == UNSTATED else key.algorithm)
            key = key._replace(algorithm=UNSTATED)
        else:
            value = f"{name}={_text(name, known.get(name))}"
    except UnusableError as error:
        if isinstance(entry, Missing):
            return replace(entry, key=None)
        return Missing(entry.name, str(error), None)
    return replace(entry, key=key._replace(arm=f"{value} {key.arm}" if several else value))


def _text(name: str, value: Any) -> str:
    """Return a setting as a part of an arm's name.

    :raises UnusableError: if it cannot be one
    """
    if value is None:
        raise UnusableError(f"nothing says its {name}")
    if not isinstance(value, str | int | float):
        raise UnusableError(f"its {name} is not a single value")
    if len(text := str(value)) > _LONGEST:
        raise UnusableError(f"its {name} is too long to name an arm")
    return text


def _shortened(read: Sequence[_Read]) -> tuple[list[_Read], list[str]]:
    """Compare logs that were meant to be of several lengths over the shortest of them."""
    lengths: dict[tuple[str, str], set[int]] = {}
    for entry in read:
        if isinstance(entry, LoggedRun) and entry.n_timesteps is not None:
            lengths.setdefault(entry.key[:2], set()).add(entry.n_timesteps)
    shortest = {group: min(found) for group, found in lengths.items() if len(found) > 1}
    found = [
        replace(entry, n_timesteps=shortest[entry.key[:2]])
        if isinstance(entry, LoggedRun) and entry.n_timesteps and entry.key[:2] in shortest
        else entry
        for entry in read
    ]
    return found, [
        f"{game}: the runs are of several lengths, and compared over the first {length:,} timesteps"
        for (game, _), length in shortest.items()
    ]


def folder_settings(folder: Path) -> dict[str, Any]:
    """Read the configuration of a run's folder, hyper-parameters beside the rest."""
    try:
        config = read_record(folder / RUN_FILE).get("config")
    except UnusableError:  # such a run is missing with that reason
        return {}
    if not isinstance(config, dict):
        return {}
    hyperparams = config.get("hyperparams")
    return {**config, **(hyperparams if isinstance(hyperparams, dict) else {})}
