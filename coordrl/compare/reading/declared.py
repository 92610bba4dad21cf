"""What a study declares before it runs: ``study.json``, and the hash that holds the study to it."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.files import (
    UnusableError,
    optional,
    read_record,
    required,
    share,
    shown,
)
from coordrl.compare.reading.runs import Decision, Declaration, Outcome, Sequential, Source
from coordrl.compare.statistics.sequential import check_looks

STUDY_FILE, DECISIONS_FILE = "study.json", "decisions.json"
# What those declare that say nothing of it. Not part of their hash: some are older than the word.
_UNSAID = {"source": Declaration.source}
# Digits of a seed that is believed.
_DIGITS = 20
# Names longer than this are counted.
_LISTED = 40


def read_declaration(folder: Path) -> Declaration:
    """Read ``study.json``; a folder without one declares its name alone.

    :raises CompareError: if it is damaged
    """
    path = folder / STUDY_FILE
    if not os.path.lexists(path):
        return Declaration(name=folder.resolve().name)
    try:
        record = read_record(path)
        runs = required(record, "runs", list)
        comparison = required(record, "comparison", dict)
        test = comparison.get("test", "unpaired")
        if test not in ("unpaired", "paired"):
            raise UnusableError(f'"test" must be "unpaired" or "paired", not {shown(test)}')
        declaration = optional(record, "declaration", str)
        return Declaration(
            name=required(record, "name", str),
            runs=tuple(str(name) for name in runs),
            baseline=optional(comparison, "baseline", str),
            paired=test == "paired",
            margin=share(comparison, "margin", Declaration.margin),
            window=share(comparison, "window", Declaration.window),
            outcome=_one_of(comparison, "outcome", Declaration.outcome, get_args(Outcome)),
            source=_one_of(comparison, "source", Declaration.source, get_args(Source)),
            sequential=_sequential(record),
            note=optional(record, "note", str),
            hash=optional(record, "hash", str),
            altered=declaration not in (None, declaration_hash(declared_values(record))),
            config=optional(record, "config", dict),
        )
    except UnusableError as error:
        raise CompareError(f"{path}: {error}") from error


def _one_of(comparison: dict[str, Any], name: str, default: str, words: tuple[str, ...]) -> Any:
    word = comparison.get(name, default)
    if word not in words:
        known = " or ".join(f'"{each}"' for each in words)
        raise UnusableError(f'"{name}" must be {known}, not {shown(word)}')
    return word


def merged(declared: Sequence[Declaration]) -> Declaration:
    """Return one declaration for all that is compared.

    :raises CompareError: if they do not go together
    """
    studies = [each for each in declared if each.runs] or declared[:1]
    if len(declared) > 1 and any(each.sequential for each in declared):
        raise CompareError("a sequential study is a whole of its own: compare its folder alone")
    names = ("baseline", "paired", "margin", "window", "outcome", "source")
    if len({tuple(getattr(each, name) for name in names) for each in studies}) > 1:
        raise CompareError(
            "the studies declare different comparisons (baseline, test, margin, window, outcome, "
            "source): compare them one by one"
        )
    if len(declared) == 1:
        return declared[0]
    return replace(
        studies[0],
        name=" + ".join(each.name for each in declared),
        runs=(),
        note=" ".join(each.note for each in studies if each.note) or None,
        hash=None,
        config=None,
    )


def read_decisions(folder: Path) -> tuple[tuple[Decision, ...], list[str]]:
    """Read what a sequential study has recorded, and a note if that cannot be read.

    Nothing is decided by it: it is held against what the runs give.
    """
    path = folder / DECISIONS_FILE
    if not os.path.lexists(path):
        return (), []
    try:
        looks = required(read_record(path), "looks", list)
        return tuple(decision for look in looks for decision in _decisions(look)), []
    except UnusableError as error:
        return (), [f"the record of earlier looks is not held against these: {error}"]


def _decisions(look: Any) -> list[Decision]:
    if not isinstance(look, dict):
        raise UnusableError(f"{DECISIONS_FILE} must hold looks as objects, not {shown(look)}")
    number, found = required(look, "look", int), required(look, "comparisons", list)
    names = ("game", "algorithm", "arm", "state")
    return [
        Decision(number, *(required(each, name, str) for name in names))
        for each in found
        if isinstance(each, dict)
    ]


def _sequential(record: dict[str, Any]) -> Sequential | None:
    declared = optional(record["comparison"], "sequential", dict)
    if declared is None:
        return None
    looks = required(declared, "looks", list)
    seeds = declared_values(record)["seeds"]
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in looks):
        raise UnusableError(f'"looks" must be whole numbers, not {shown(looks)}')
    if not all(seed.isdecimal() and len(seed) < _DIGITS for seed in seeds):
        raise UnusableError("its runs must be in folders that end with seed-<number>")
    try:
        check_looks(looks, len(seeds))
    except ValueError as error:
        raise UnusableError(str(error)) from error
    futility = optional(declared, "futility", float)
    if futility is not None and not 0 < futility < 1:
        raise UnusableError(f'"futility" must be null or above 0 and below 1, not {futility:g}')
    return Sequential(tuple(looks), tuple(map(int, seeds)), futility)


def declared_values(record: dict[str, Any]) -> dict[str, Any]:
    """Return what a study is held to once a run of it has finished.

    :param record: a ``study.json``, of any version
    :return: what it says of the comparison, and the games, algorithms, arms and seeds of its runs;
        the seeds in their order
    """
    runs, comparison = record.get("runs"), record.get("comparison")
    keys = [PurePosixPath(str(run)).parts[-4:] for run in runs] if isinstance(runs, list) else []
    cells = [key for key in keys if len(key) == 4]
    names = ("games", "algorithms", "arms")
    values = {name: sorted({key[i] for key in cells}) for i, name in enumerate(names)}
    seeds = list(dict.fromkeys(key[3].removeprefix("seed-") for key in cells))
    stated = comparison if isinstance(comparison, dict) else {}
    stated = {name: stated[name] for name in stated if stated[name] != _UNSAID.get(name, ...)}
    return {"sequential": None, **stated, **values, "seeds": seeds}


def declaration_hash(values: dict[str, Any]) -> str:
    """Return a short hash of :func:`declared_values`, whatever the order of their names."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Say in what two declarations differ; what the first does not state differs from nothing.

    Of whose games are compared silence says something: those of training.

    >>> differences({"margin": 0.1, "seeds": ["0"]}, {"margin": 0.01, "seeds": ["0", "1"]})
    ['margin 0.1, now 0.01', 'seeds 0, now 0 1']
    >>> differences({}, {"margin": 0.1, "source": "evaluations"})
    ['source runs, now evaluations']
    """
    before, now = {**_UNSAID, **before}, {**_UNSAID, **now}
    return [
        f"{name} {_short(before[name])}, now {_short(now.get(name))}"
        for name in before
        if before[name] != now.get(name)
    ]


def terms(values: dict[str, Any]) -> str:
    """Return a declaration in a line.

    >>> terms({"baseline": "standard", "margin": 0.1, "sequential": None})
    'baseline standard, margin 0.1'
    """
    return ", ".join(f"{k} {_short(value)}" for k, value in values.items() if value is not None)


def _short(value: Any) -> str:
    if isinstance(value, list):
        listed = " ".join(map(str, value))
        return listed if len(listed) <= _LISTED else f"{len(value)} ({listed[:_LISTED]}...)"
    return "none" if value is None else shown(value) if isinstance(value, dict) else str(value)
