"""The committed probes: their verdicts follow from their trainings and from what was read."""

import csv
from dataclasses import asdict
from functools import cache
from html import unescape
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from agents.probe.cells import TESTS, cells
from agents.probe.command import ARMS, DEFAULT_GAMES, SIZES
from agents.probe.verdicts import (
    IMAGE,
    OWN,
    RANDOM,
    TRAINED,
    UNTRAINED,
    compare_agents,
    compare_with_controls,
    condition_name,
    conditions,
    skills,
    told,
)
from common.files import read_json
from coordrl.compare.statistics.families import Comparison

REFERENCE = Path("runs", "reference")
#: What was learned: the arms, the control of all of them, and the table in the docs.
LEARNED = {
    "probe": (ARMS, None, "probe_skill"),
    "probe-constant": (
        ("standard", "coord", "constant", "fixed-code"),
        "constant",
        "probe_constant",
    ),
}
learned = pytest.mark.parametrize("name", LEARNED)
READ = REFERENCE / "probe-agents"


def found_again(written: list[dict[str, Any]], family: list[Comparison]) -> None:
    """Compare what is written with what its data give: numbers but for rounding."""
    assert [one["name"] for one in written] == [one.name for one in family]
    for before, one in zip(written, family, strict=True):
        for key, value in asdict(one).items():
            same = value if isinstance(value, str | None) else pytest.approx(value)
            assert before[key] == same, (one.name, key)


@cache
def record_of(name: str) -> dict[str, Any]:
    record: dict[str, Any] = read_json(REFERENCE / name / "results.json")
    return record


@learned
def test_it_is_what_the_docs_say_and_all_of_it(name: str) -> None:
    planned = [cell.identity for cell in cells(DEFAULT_GAMES, LEARNED[name][0], SIZES, 6, 4000)]
    rows = record_of(name)["trainings"]
    assert [{key: row[key] for key in planned[0]} for row in rows] == planned
    for game in DEFAULT_GAMES:
        frames = {tuple(row["frames"]) for row in rows if row["game"] == game}
        assert len(frames) == 1, game


@learned
def test_what_was_found_is_what_the_trainings_give(name: str) -> None:
    record = record_of(name)
    families = compare_with_controls(record["trainings"], LEARNED[name][1])
    assert list(families) == list(record["comparisons"])
    for control, family in families.items():
        found_again(record["comparisons"][control], family)
    page = unescape((REFERENCE / name / "index.html").read_text())
    for family in families.values():
        for one in family:
            assert f"<li>{told(one)}.</li>" in page


@learned
def test_the_table_has_the_means_and_verdicts(name: str) -> None:
    arms, _, file_name = LEARNED[name]
    rows, found = record_of(name)["trainings"], record_of(name)["comparisons"]
    verdicts = {one["name"]: one["verdict"] for family in found.values() for one in family}
    with Path("docs", "data", f"{file_name}.csv").open() as file:
        next(file)
        table = {row.pop("arm").strip("`"): row for row in csv.DictReader(file)}
    assert list(table) == list(arms)
    for arm, cells_of_arm in table.items():
        for condition in conditions(rows):
            cell = cells_of_arm[condition_name(*condition)]
            mean = fmean(skills(rows, arm, *condition))
            assert float(cell.split()[0]) == pytest.approx(mean, abs=0.00501)
            start = f"{condition_name(*condition)}: {arm} and "
            verdict = [said for one, said in verdicts.items() if one.startswith(start)]
            assert cell.split(", ")[1:] == verdict


def test_the_table_of_games_has_the_means() -> None:
    most = [row for row in record_of("probe")["trainings"] if row["n_frames"] == max(SIZES)]
    with Path("docs", "data", "probe_games.csv").open() as file:
        next(file)
        table = {row.pop("arm").strip("`"): row for row in csv.DictReader(file)}
    assert list(table) == list(ARMS)
    for arm, games in table.items():
        assert list(games) == list(DEFAULT_GAMES)
        for game, cell in games.items():
            rows = [row for row in most if (row["arm"], row["game"]) == (arm, game)]
            for test, written in zip(TESTS, cell.split(", "), strict=True):
                found = [row[test]["skill"] for row in rows if test in row]
                mean = fmean(found) if found else None
                assert (None if written == "-" else float(written)) == pytest.approx(
                    mean, abs=0.00501
                )


def test_trainings_in_both_are_the_same() -> None:
    one, other = (
        [row for row in record_of(name)["trainings"] if row["arm"] in ("standard", "coord")]
        for name in LEARNED
    )
    assert one == other


def test_what_agents_know_is_what_was_read_out_of_them() -> None:
    record = read_json(READ / "results.json")
    agents = record["agents"]
    assert len({(row["game"], row["arm"], row["seed"]) for row in agents}) == len(agents) == 62
    found = compare_agents(agents)
    found_again(record["comparisons"], found)
    page = unescape((READ / "index.html").read_text())
    for one in found:
        assert f"<li>{told(one)}.</li>" in page


def test_the_table_of_agents_has_the_means_and_verdicts() -> None:
    record = read_json(READ / "results.json")
    verdicts = {one["name"]: one["verdict"] for one in record["comparisons"]}
    with Path("docs", "data", "probe_agents.csv").open() as file:
        table = list(csv.reader(file))[2:]
    assert sum(int(row[2]) for row in table) == len(record["agents"])
    for game, name, n_agents, *written in table:
        arm = name.strip("`")
        agents = [row for row in record["agents"] if (row["game"], row["arm"]) == (game, arm)]
        assert len(agents) == int(n_agents)
        ends = f"{arm} untrained, own frames", "standard, random play"
        for frames, end, part in zip((OWN, RANDOM), ends, (written[:3], written[3:]), strict=True):
            for what, cell in zip((TRAINED, UNTRAINED, IMAGE), part, strict=True):
                mean = fmean(row[frames][what]["skill"] for row in agents)
                assert float(cell.split(",")[0]) == pytest.approx(mean, abs=0.00501)
            verdict = verdicts.get(f"{game}, ppo: {arm} and {end}")
            assert part[0].split(", ")[1:] == ([verdict] if verdict else [])
