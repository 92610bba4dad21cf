"""The committed probes: their verdicts follow from their trainings and from what was read."""

import csv
from dataclasses import asdict
from html import unescape
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from agents.probe.cells import cells
from agents.probe.command import ARMS, DEFAULT_GAMES, SIZES
from agents.probe.verdicts import (
    compare_agents,
    compare_with_controls,
    condition_name,
    conditions,
    skills,
    told,
)
from common.files import read_json
from coordrl.compare.statistics.families import Comparison

LEARN = Path("runs", "reference", "probe")
READ = Path("runs", "reference", "probe-agents")


def found_again(written: list[dict[str, Any]], family: list[Comparison]) -> None:
    """Compare what is written with what its data give: numbers but for rounding."""
    assert [one["name"] for one in written] == [one.name for one in family]
    for before, one in zip(written, family, strict=True):
        for key, value in asdict(one).items():
            same = value if isinstance(value, str | None) else pytest.approx(value)
            assert before[key] == same, (one.name, key)


@pytest.fixture(scope="module")
def learned() -> dict[str, Any]:
    record: dict[str, Any] = read_json(LEARN / "results.json")
    return record


def test_it_is_what_the_command_trains_by_default_and_all_of_it(learned: dict[str, Any]) -> None:
    planned = [cell.identity for cell in cells(DEFAULT_GAMES, ARMS, SIZES, 6, 4000)]
    rows = learned["trainings"]
    assert [{key: row[key] for key in planned[0]} for row in rows] == planned
    for game in DEFAULT_GAMES:
        frames = {tuple(row["frames"]) for row in rows if row["game"] == game}
        assert len(frames) == 1, game


def test_what_was_found_is_what_the_trainings_give(learned: dict[str, Any]) -> None:
    families = compare_with_controls(learned["trainings"])
    assert list(families) == list(learned["comparisons"])
    for control, family in families.items():
        found_again(learned["comparisons"][control], family)
    page = unescape((LEARN / "index.html").read_text())
    for family in families.values():
        for one in family:
            assert f"<li>{told(one)}.</li>" in page


def test_the_table_has_the_means_and_verdicts(learned: dict[str, Any]) -> None:
    rows = learned["trainings"]
    verdicts = {
        one["name"]: one["verdict"] for family in learned["comparisons"].values() for one in family
    }
    with Path("docs", "data", "probe_skill.csv").open() as file:
        next(file)
        table = {row.pop("arm").strip("`"): row for row in csv.DictReader(file)}
    assert list(table) == list(ARMS)
    for arm, cells_of_arm in table.items():
        for condition in conditions(rows):
            cell = cells_of_arm[condition_name(*condition)]
            mean = fmean(skills(rows, arm, *condition))
            assert float(cell.split()[0]) == pytest.approx(mean, abs=0.00501)
            start = f"{condition_name(*condition)}: {arm} and "
            verdict = [found for name, found in verdicts.items() if name.startswith(start)]
            assert cell.split(", ")[1:] == verdict


def test_what_agents_know_is_what_was_read_out_of_them() -> None:
    record = read_json(READ / "results.json")
    agents = record["agents"]
    assert len({(row["game"], row["arm"], row["seed"]) for row in agents}) == len(agents) == 62
    found = compare_agents(agents)
    found_again(record["comparisons"], found)
    page = unescape((READ / "index.html").read_text())
    for one in found:
        assert f"<li>{told(one)}.</li>" in page
