"""The committed sequential study: stopped early, with the verdicts of all its runs."""

from dataclasses import replace
from pathlib import Path

from agents.study.config import parse_study, read_study_file
from common.files import read_json
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.comparing.results import Comparison
from coordrl.compare.reading.study import read_study

ROOT = Path("runs", "reference", "quick-control-sequential")


def verdicts(comparison: Comparison) -> list[tuple[str, str | None]]:
    return [(contrast.arm, contrast.verdict) for _, contrast in comparison.contrasts()]


def test_it_stopped_at_its_first_look() -> None:
    found = compare(read_study(ROOT))
    sequential = found.sequential
    assert sequential is not None
    assert (sequential.looks, sequential.taken, sequential.live) == ((6, 8, 10), 1, 0)
    assert sequential.needed < 0.7 * sequential.runs
    assert verdicts(found) == [
        ("constant-pooled", "inconclusive"),
        ("coord-pooled", "better"),
        ("fixed-code-pooled", "better"),
    ]


def test_all_its_runs_looked_at_once_say_the_same() -> None:
    study = read_study(ROOT)
    fixed = compare(replace(study, declared=replace(study.declared, sequential=None)))
    assert {len(arm.seeds) for group in fixed.groups for arm in group.arms} == {10}
    assert verdicts(fixed) == verdicts(compare(study))


def test_its_record_is_what_its_runs_give() -> None:
    study = read_study(ROOT)
    assert not study.declared.altered
    assert not [note for note in compare(study).notes if "recorded" in note]
    [look] = read_json(ROOT / "decisions.json")["looks"]
    assert (look["look"], look["seeds"]) == (1, 6)
    assert [found["state"] for found in look["comparisons"]] == [
        "futile",
        "different",
        "different",
    ]


def test_it_is_the_study_that_anybody_can_run() -> None:
    study = parse_study(read_study_file(Path("quick-control-sequential")), "study")
    assert study.hash == read_json(ROOT / "study.json")["hash"]
