"""What the probe's results come to: each arm against its control, over all games."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from agents.probe.cells import TESTS
from agents.probe.reading import TRAINED, UNTRAINED
from agents.run.arm import find_arm
from common.command_line import tell
from common.files import write_bytes
from coordrl.compare import CompareError, compare_runs

RETURNS, COMPARISON = "returns", "comparison"

Results = Sequence[dict[str, Any]]


def over_games(results: Results, test: str, n_frames: int) -> dict[tuple[str, int], float]:
    """Return the mean skill over games of each arm and seed that has all games.

    :param test: One of :data:`TESTS`; games without it do not count
    """
    found: dict[tuple[str, int], dict[str, float]] = {}
    for row in results:
        if row["n_frames"] == n_frames and test in row:
            found.setdefault((row["arm"], row["seed"]), {})[row["game"]] = row[test]["skill"]
    games = {game for scores in found.values() for game in scores}
    return {key: fmean(scores.values()) for key, scores in found.items() if set(scores) == games}


def conditions(results: Results) -> list[tuple[int, str]]:
    """List the numbers of frames and the tests that there are results of."""
    found = {(row["n_frames"], test) for row in results for test in TESTS if test in row}
    return sorted(found, key=lambda one: (one[0], TESTS.index(one[1])))


def families(arms: Sequence[str]) -> dict[str, list[str]]:
    """Return the arms that have a control among them, by it, and it first.

    >>> families(["coord", "pooled", "standard", "coord-pooled", "keypoints"])
    {'standard': ['standard', 'coord'], 'pooled': ['pooled', 'coord-pooled', 'keypoints']}
    """
    found: dict[str, list[str]] = {}
    for arm in arms:
        control = find_arm(arm).control
        if control in arms:
            found.setdefault(str(control), [str(control)]).append(arm)
    return found


def compare(results: Results, output: Path) -> dict[str, tuple[str, ...]]:
    """Compare arms with their controls, a report each control.

    What :mod:`coordrl.compare` calls the game is the number of frames and the kind of test, and
    the return is the skill, a mean over games.

    :return: What was found, in sentences, by control
    """
    found = {}
    for control, arms in families(list(dict.fromkeys(row["arm"] for row in results))).items():
        table = output / RETURNS / f"{control}.csv"
        table.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(table, to_table(_rows(results, arms)).encode())
        try:
            compared = compare_runs(table, output=output / COMPARISON / control, baseline=control)
        except CompareError as error:
            tell(f"no verdicts on arms of {control}: {error}")
            continue
        found[control] = tuple(compared.findings)
    return found


def compare_agents(results: Results, output: Path) -> None:
    """Compare what is read out of agents: with SB3's network, and with untrained networks.

    The return is the skill; an arm's untrained network is an arm of its own.

    :param results: As :func:`agents.probe.reading.read_run` returns them
    """
    rows = [
        (row["game"], row["algo"], arm, row["seed"], row["n_frames"], row[what]["skill"])
        for row in sorted(results, key=lambda row: (row["game"], row["algo"], row["seed"]))
        for what, arm in ((TRAINED, row["arm"]), (UNTRAINED, f"{row['arm']} {UNTRAINED}"))
        if row[what]["skill"] is not None
    ]
    table = output / "returns.csv"
    write_bytes(table, to_table(rows).encode())
    arms = list(dict.fromkeys(row[2] for row in rows))
    baseline = "standard" if "standard" in arms else arms[0]
    try:
        compare_runs(table, output=output / COMPARISON, baseline=baseline)
    except CompareError as error:
        tell(f"no verdicts: {error}")


def condition_name(n_frames: int, test: str) -> str:
    """Name a condition.

    >>> condition_name(20_000, "never_shown")
    '20,000 frames, places never shown'
    """
    return f"{n_frames:,} frames, places {test.replace('_', ' ')}"


def to_table(rows: Iterable[tuple[str, str, str, int, int, float]]) -> str:
    """Write rows as a table that ``coordrl.compare`` reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["game", "algorithm", "arm", "seed", "step", "return"])
    writer.writerows((*row, f"{skill:.6f}") for *row, skill in rows)
    return text.getvalue()


def _rows(results: Results, arms: Sequence[str]) -> Iterator[tuple[str, str, str, int, int, float]]:
    for n_frames, test in conditions(results):
        for (arm, seed), skill in over_games(results, test, n_frames).items():
            if arm in arms:
                yield (
                    *(condition_name(n_frames, test), "mean over games"),
                    *(arm, seed, n_frames, skill),
                )
