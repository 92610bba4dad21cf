"""The committed ladder of position: its verdicts follow from its evaluations."""

from pathlib import Path

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
