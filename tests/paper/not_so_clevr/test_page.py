import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest

from paper.not_so_clevr import figures, reproduction, summary
from paper.not_so_clevr.results import Run
from paper.reproduction import Planned


@pytest.fixture
def runs(finished: Path, small_plan: list[Planned]) -> list[Run]:
    return reproduction.runs(finished, small_plan)


def test_rows_summarise_seeds(runs: list[Run]) -> None:
    table = summary.rows(runs)
    keys = [(row.task, row.split, row.model, row.recipe) for row in table]
    assert keys[:2] == [
        ("classification", "uniform", "coordconv", "default"),
        ("classification", "quadrant", "plain", "default"),
    ]
    assert len(set(keys)) == len(keys) == 8
    results = [run.result for run in runs[:2]]
    row = table[0]
    assert row.seeds == 2
    assert row.parameters == 7553
    scores = [result.test["accuracy"] for result in results]
    assert (row.test_lowest, row.test_highest) == (min(scores), max(scores))
    assert row.perfect == sum(result.epochs_to_perfect is not None for result in results)
    assert row.paper == "1 and 1 in 10 to 20 s; 7,553 parameters"


def test_tables_hold_all_rows(finished: Path, runs: list[Run]) -> None:
    table = summary.rows(runs)
    lines = (finished / "results.md").read_text().splitlines()
    assert len(lines) == len(table) + 2
    assert {line.count("|") for line in lines} == {len(summary.HEADINGS) + 1}
    with (finished / "results.csv").open(newline="") as file:
        records = list(csv.DictReader(file))
    assert [float(record["test"]) for record in records] == [row.test for row in table]


def test_times_are_compared(runs: list[Run]) -> None:
    row = summary.rows(runs)[0]
    quick = replace(row, split="quadrant", seconds_to_80=10.0)
    slow = replace(quick, model="plain", seconds_to_80=1500.0, seconds=2000.0)
    assert summary.speed_up([quick, slow], "quadrant") == (
        "quadrant: CoordConv had 80 % of the test places after 10 s, the plain network after "
        "1,500 s, 150 times as long"
    )
    never = replace(slow, seconds_to_80=None)
    assert summary.speed_up([quick, never], "quadrant").endswith("never in 2,000 s")
    assert summary.speed_up([quick, slow], "uniform") == ""


def test_the_verdict_counts_perfect_trainings(runs: list[Run]) -> None:
    row = summary.rows(runs)[0]
    table = [
        replace(row, perfect=9, seeds=10),
        replace(row, task="rendering", perfect=1, seeds=2),
        replace(row, model="plain", perfect=0, seeds=4),
        replace(row, model="plain", recipe="slower", perfect=1, seeds=2),
        replace(row, split="quadrant", perfect=3, seeds=3),
    ]
    assert summary.verdict(table, "uniform") == (
        "uniform: every single place is right, training and test, with the plain networks in 0 of "
        "4 trainings, with the coordconv networks in 10 of 12 trainings"
    )


def test_the_page_stands_alone_and_tells_that_it_is_the_quick_one(
    finished: Path, runs: list[Run]
) -> None:
    text = (finished / "index.html").read_text()
    assert not re.search(r"(?:src|href)=[\"']?https?:", text)
    assert text.count("data:image/png;base64,") == 7
    assert "this is the quick version" in text
    for run in runs:
        assert run.result.fingerprint in text
    assert "trainings are finished" not in text


def test_figures_are_drawn_for_what_there_is(runs: list[Run], tmp_path: Path) -> None:
    drawn = figures.draw([run for run in runs if run.result.task == "regression"], tmp_path)
    assert [path.stem for path in drawn] == ["train_and_test", "over_time", "places_regression"]
    for path in drawn:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.with_suffix(".svg").stat().st_size > 1000


def test_figures_are_the_same_bytes_again(runs: list[Run], tmp_path: Path) -> None:
    runs = [run for run in runs if run.result.task == "rendering"]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        figures.draw(runs, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
