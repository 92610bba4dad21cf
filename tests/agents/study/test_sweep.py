"""Every arm at every value: a study for each, and all of them side by side."""

import argparse
import csv
from pathlib import Path
from typing import Any

import pytest

from agents.status import run_names
from agents.study import command as study
from agents.study.config import parse_study
from agents.study.sweep import swept
from common.files import read_json
from tests.agents.runs import SMALL_STUDY, refused, run_study, write_study


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("learning_rate=1e-4,3e-4", "learning_rate", ["1e-4", "3e-4"]),
        ("n_steps=5", "n_steps", [5]),
        ("optimizer_class=Adam, RMSprop", "optimizer_class", ["Adam", "RMSprop"]),
    ],
)
def test_reading_the_flag(text: str, name: str, values: list[Any]) -> None:
    assert swept(text) == (name, values)


@pytest.mark.parametrize("text", ["", "n_steps", "n_steps=", "=5", "n_steps=[5", "n_steps=5,{"])
def test_a_flag_that_is_no_sweep(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="name=value,value"):
        swept(text)


def test_all_combinations() -> None:
    sweep = {"learning_rate": [1e-4, 7e-4], "n_steps": [5, 8]}
    parts = parse_study({**SMALL_STUDY, "sweep": sweep}, "test").parts()
    assert list(parts) == [
        "learning_rate=0.0001,n_steps=5",
        "learning_rate=0.0001,n_steps=8",
        "learning_rate=0.0007,n_steps=5",
        "learning_rate=0.0007,n_steps=8",
    ]
    for part in parts.values():
        hyperparams = [run.hyperparams for run in part.runs()]
        assert hyperparams[0] == hyperparams[1]  # every arm at the same values
        assert hyperparams[0].n_envs == SMALL_STUDY["hyperparams"]["a2c"]["n_envs"]
    values = [
        (p.runs()[0].hyperparams.learning_rate, p.runs()[0].hyperparams.n_steps)
        for p in parts.values()
    ]
    assert values == [(1e-4, 5), (1e-4, 8), (7e-4, 5), (7e-4, 8)]


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("learning_rat=1e-4", "unknown key 'learning_rat', did you mean learning_rate"),
        ("learning_rate=-1", "hyperparams of a2c: 'learning_rate"),
        ("gamma=.nan", "'gamma' is nan"),
        ("learning_rate=1e-4,0.0001", "learning_rate=1e-4 and learning_rate=0.0001 are the same"),
        ("learning_rate=1e-4,1e-4", "the sweep has learning_rate=1e-4 twice"),
        ("optimizer_kwargs={eps: 1}", "'sweep.optimizer_kwargs.0"),
        ("learning_rate", "not of the form name=value,value"),
    ],
)
def test_a_sweep_that_cannot_be(
    flag: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [write_study(tmp_path / "s.yaml"), "-f", str(tmp_path / "runs"), "--sweep", flag]
    assert says in refused(study.main, argv, capsys)
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_sweep_is_compared_at_every_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, root = write_study(tmp_path / "small.yaml"), tmp_path / "runs"
    assert run_study(file, "-f", str(root), "--sweep", "learning_rate=1e-4,7e-4") == 0
    assert read_json(root / "sweep.json")["studies"] == ["learning_rate=1e-4", "learning_rate=7e-4"]
    for rate in (1e-4, 7e-4):
        part = root / f"learning_rate={rate:.0e}".replace("e-0", "e-")
        record = read_json(part / "study.json")
        assert record["runs"] == ["Breakout/a2c/standard/seed-0", "Breakout/a2c/coord/seed-0"]
        for name in record["runs"]:
            run = read_json(part / name / "run.json")
            assert run["status"] == "finished"
            assert run["config"]["hyperparams"]["learning_rate"] == rate
        assert (part / "comparison" / "report.html").exists()
    with (root / "sweep.csv").open() as table:
        rows = [(r["learning_rate"], r["arm"], r["score"]) for r in csv.DictReader(table)]
    assert [row[:2] for row in rows] == [
        ("1e-4", "standard"),
        ("1e-4", "coord"),
        ("7e-4", "standard"),
        ("7e-4", "coord"),
    ]
    assert all(float(row[2]) >= 0 for row in rows)
    assert len(run_names(root)) == 4
    assert "learning_rate=7e-4" in capsys.readouterr().out
    assert "holds a study with a sweep" in refused(study.main, [file, "-f", str(root)], capsys)
