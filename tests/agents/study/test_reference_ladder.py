"""The committed ladder of position: its verdicts follow from its evaluations."""

from pathlib import Path

import pytest

from agents.study.config import parse_study, read_study_file
from common.files import read_json
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.comparing.results import Comparison
from coordrl.compare.reading.study import read_study

ROOT = Path("runs", "reference", "ladder-control")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(read_study(ROOT))


def test_it_is_the_study_that_anybody_can_run_and_all_of_it() -> None:
    study = parse_study(read_study_file(Path("ladder-control")), "study")
    assert study.hash == read_json(ROOT / "study.json")["hash"]
    read = read_study(ROOT)
    assert not read.missing
    assert not read.declared.altered
    assert len(read.runs) == len(study.arms) * len(study.seeds) == 100


def test_what_was_found_is_what_the_runs_give(comparison: Comparison) -> None:
    written = read_json(ROOT / "comparison.json")
    assert list(comparison.findings) == written["findings"]
    found = [
        {"arm": contrast.arm, "verdict": contrast.verdict} for _, contrast in comparison.contrasts()
    ]
    [group] = written["groups"]
    assert found == [{name: one[name] for name in ("arm", "verdict")} for one in group["contrasts"]]
