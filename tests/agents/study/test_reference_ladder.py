"""The committed ladder of position: its verdicts follow from its evaluations."""

import csv
from pathlib import Path

import numpy as np
import pytest

from agents.study.config import parse_study, read_study_file
from common.files import read_json
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study

REFERENCE = Path("runs", "reference")
#: The studies, and how many runs each has.
RUNS = {"ladder-control": 100, "ladder-control-impoola": 30, "ladder-control-hadamax": 12}
studies = pytest.mark.parametrize("name", RUNS)


@studies
def test_it_is_the_study_that_anybody_can_run_and_all_of_it(name: str) -> None:
    study = parse_study(read_study_file(Path(name)), "study")
    assert study.hash == read_json(REFERENCE / name / "study.json")["hash"]
    read = read_study(REFERENCE / name)
    assert not read.missing
    assert not read.declared.altered
    assert len(read.runs) == len(study.arms) * len(study.seeds) == RUNS[name]


@studies
def test_what_was_found_is_what_the_runs_give(name: str) -> None:
    comparison = compare(read_study(REFERENCE / name))
    written = read_json(REFERENCE / name / "comparison.json")
    assert list(comparison.findings) == written["findings"]
    found = [
        {"arm": contrast.arm, "verdict": contrast.verdict} for _, contrast in comparison.contrasts()
    ]
    [group] = written["groups"]
    assert found == [{key: one[key] for key in ("arm", "verdict")} for one in group["contrasts"]]


@studies
def test_the_table_has_what_the_evaluations_give(name: str) -> None:
    [group] = read_json(REFERENCE / name / "comparison.json")["groups"]
    verdicts = {one["arm"]: one["verdict"] for one in group["contrasts"]}
    with Path("docs", "data", f"{name.replace('-', '_')}.csv").open() as file:
        next(file)
        table = {row[0].strip("`"): row[1:] for row in list(csv.reader(file))[1:]}
    for arm, (*means, lowest, verdict) in table.items():
        files = (REFERENCE / name / "NotSoClevr-v0" / "ppo" / arm).glob("*/evaluations.npz")
        percent = 100 * np.array([np.load(path)["results"].mean(axis=1) for path in files])
        assert len(percent) == RUNS[name] / len(table)
        written = [float(mean.split()[0]) for mean in means]
        assert written[:-1] == pytest.approx(percent.mean(axis=0)[:-1], abs=0.5001)
        assert written[-1] == pytest.approx(percent[:, -1].mean(), abs=0.0501)
        assert float(lowest) == pytest.approx(percent[:, -1].min(), abs=0.5001)
        assert verdict == verdicts.get(arm, "baseline")
