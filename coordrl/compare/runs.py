"""Reading the folders that ``agents.train`` and ``agents.study`` write.

A run's folder holds ``run.json`` and ``episodes.csv``; a study's folder holds its runs and,
beside them, ``study.json``. Nothing is dropped silently: a run that cannot enter the
statistics becomes a :class:`Missing` with its reason.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.curves import WINDOW, Score, final_score
from coordrl.compare.errors import CompareError
from coordrl.compare.files import (
    UnusableError,
    optional,
    optional_numbers,
    read_episodes,
    read_record,
    required,
    share,
)

# How many runs an error names before it counts the others.
_NAMED = 3


class RunKey(NamedTuple):
    """What tells one run of a study from another."""

    game: str
    algorithm: str
    arm: str
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A finished run.

    :param name: its folder, relative to the folder that is compared
    :param key: game, algorithm, arm and seed
    :param n_timesteps: its length
    :param protocol: how games were played, or None
    :param parameters: "total", "extractor" and "coordinates", or None
    :param reference_scores: "random" and "human", or None
    :param timing: "wall_seconds", "cpu_seconds" and "timesteps_per_second", or None
    :param provenance: versions, commit and whatever else was recorded
    :param timesteps: when each game ended, shape (games,)
    :param returns: unclipped returns of whole games, shape (games,)
    :param score: over the last part of the run
    :param notes: what the reader should know of its files
    """

    name: str
    key: RunKey
    n_timesteps: int
    protocol: str | None
    parameters: dict[str, float] | None
    reference_scores: dict[str, float] | None
    timing: dict[str, float] | None
    provenance: dict[str, Any]
    timesteps: NDArray[np.int64]
    returns: NDArray[np.float64]
    score: Score
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Missing:
    """A run that does not enter the statistics.

    :param name: its folder, relative to the folder that is compared
    :param reason: why, in a few words
    :param key: what it would have been, where that is known
    """

    name: str
    reason: str
    key: RunKey | None


@dataclass(frozen=True)
class Plan:
    """What ``study.json`` declares; the defaults hold for a folder without one.

    :param name: the study's name
    :param runs: folders of all expected runs, in the study's order
    :param baseline: the arm the others are compared with, or None
    :param paired: whether the paired sign-flip test is the primary one
    :param margin: the smallest difference that matters, as a share of the baseline's score
    :param window: the last part of the timesteps whose games make the score
    :param note: free text for the report
    :param hash: of the study's file
    """

    name: str
    runs: tuple[str, ...] = ()
    baseline: str | None = None
    paired: bool = False
    margin: float = 0.1
    window: float = WINDOW
    note: str | None = None
    hash: str | None = None


@dataclass(frozen=True, eq=False)
class Study:
    """All runs under a folder.

    :param plan: what was declared
    :param keys: every run that was expected or found, in the study's order
    :param runs: those that enter the statistics
    :param missing: those that do not
    """

    plan: Plan
    keys: tuple[RunKey, ...]
    runs: tuple[Run, ...]
    missing: tuple[Missing, ...]


def read_study(folder: Path) -> Study:
    """Read all runs under a folder.

    :param folder: a study, a part of one, or any folder with runs below it
    :return: its plan, its runs in the plan's order, and what is missing
    :raises CompareError: if the folder does not exist, holds no run or no finished run, or
        holds the same run twice
    """
    if not folder.is_dir():
        raise CompareError(f"{folder} is not a folder: give the folder of a study or of runs")
    plan = _read_plan(folder)
    found = sorted(p.parent.relative_to(folder).as_posix() for p in folder.rglob("run.json"))
    if not found and not plan.runs:
        raise CompareError(f"{folder} holds no run.json: give the folder of a study or of runs")
    entries = [_read_entry(folder, name, plan.window) for name in plan.runs or found]
    runs = [entry for entry in entries if isinstance(entry, Run)]
    missing = [entry for entry in entries if isinstance(entry, Missing)]
    if plan.runs:
        others = sorted(set(found) - set(plan.runs))
        missing += [Missing(name, "study.json does not list it", None) for name in others]
    _check_any_finished(folder, runs, missing)
    _check_unique(runs)
    keys = tuple(entry.key for entry in entries if entry.key is not None)
    return Study(plan, keys, tuple(runs), tuple(missing))


def _read_entry(folder: Path, name: str, window: float) -> Run | Missing:
    try:
        return _read_run(folder, name, window)
    except UnusableError as error:
        return Missing(name, str(error), _key_of_path(folder, name))


def _read_plan(folder: Path) -> Plan:
    path = folder / "study.json"
    if not path.exists():
        return Plan(name=folder.resolve().name)
    try:
        record = read_record(path)
        runs = required(record, "runs", list)
        comparison = required(record, "comparison", dict)
        test = comparison.get("test", "unpaired")
        if test not in ("unpaired", "paired"):
            raise UnusableError(f'"test" must be "unpaired" or "paired", not {test!r}')
        return Plan(
            name=required(record, "name", str),
            runs=tuple(str(name) for name in runs),
            baseline=optional(comparison, "baseline", str),
            paired=test == "paired",
            margin=share(comparison, "margin", Plan.margin),
            window=share(comparison, "window", Plan.window),
            note=optional(record, "note", str),
            hash=optional(record, "hash", str),
        )
    except UnusableError as error:
        raise CompareError(f"{path}: {error}") from error


def _read_run(folder: Path, name: str, window: float) -> Run:
    """Read one run; raise :class:`UnusableError` where it cannot be used."""
    path = folder / name / "run.json"
    if not path.exists():
        raise UnusableError("not started (no run.json)")
    record = read_record(path)
    key = _key_of_record(record)
    status = required(record, "status", str)
    if status != "finished":
        detail = record.get("error")
        raise UnusableError(f"{status}: {detail}" if detail else status)
    n_timesteps = required(record, "n_timesteps", int)
    if n_timesteps < 1:
        raise UnusableError(f'"n_timesteps" must be at least 1, not {n_timesteps}')
    games, notes = read_episodes(folder / name / "episodes.csv")
    timesteps, returns = games[:, 0].astype(np.int64), games[:, 3]
    score = final_score(timesteps, returns, n_timesteps, window)
    if score is None:
        raise UnusableError(
            f"finished, but none of its {len(games)} games ended in its last {100 * window:g} %"
        )
    if timesteps.max() > n_timesteps:
        notes.append(f"games that ended after timestep {n_timesteps:,} are left out")
    return Run(
        name=name,
        key=key,
        n_timesteps=n_timesteps,
        protocol=optional(record, "protocol", str),
        parameters=optional_numbers(record, "parameters"),
        reference_scores=optional_numbers(record, "reference_scores"),
        timing=optional_numbers(record, "timing"),
        provenance=optional(record, "provenance", dict) or {},
        timesteps=timesteps,
        returns=returns,
        score=score,
        notes=tuple(notes),
    )


def _key_of_record(record: dict[str, Any]) -> RunKey:
    return RunKey(
        required(record, "game", str),
        required(record, "algorithm", str),
        required(record, "arm", str),
        required(record, "seed", int),
    )


def _key_of_path(folder: Path, name: str) -> RunKey | None:
    """Return what a missing run would be: from its run.json, else from its place."""
    try:
        return _key_of_record(read_record(folder / name / "run.json"))
    except UnusableError:
        parts = name.split("/")[-4:]
        seed = parts[-1].removeprefix("seed-")
        if len(parts) == 4 and seed.isdecimal():
            return RunKey(parts[0], parts[1], parts[2], int(seed))
        return None


def _check_any_finished(folder: Path, runs: list[Run], missing: list[Missing]) -> None:
    if not runs:
        listed = "; ".join(f"{run.name}: {run.reason}" for run in missing[:_NAMED])
        others = f"; and {len(missing) - _NAMED} others" if len(missing) > _NAMED else ""
        raise CompareError(f"no run in {folder} can be compared yet: {listed}{others}")


def _check_unique(runs: list[Run]) -> None:
    seen: dict[RunKey, str] = {}
    for run in runs:
        if run.key in seen:
            raise CompareError(
                f"{seen[run.key]} and {run.name} are the same game, algorithm, arm and seed: "
                f"compare the folder of one study"
            )
        seen[run.key] = run.name
