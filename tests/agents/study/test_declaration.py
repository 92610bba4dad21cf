"""A study is held to what it declares, once a run of it has finished."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.run.folder import RunFolder
from agents.study import command as study
from agents.study.config import parse_study
from common.files import read_json, write_json
from coordrl.compare.reading.declared import declaration_hash, declared_values
from coordrl.compare.reading.study import read_study
from tests.agents.fuzzing.run_folders import write_runs
from tests.agents.runs import refused, run_study, write_study

RUN = "Breakout/a2c/standard/seed-0"
CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"comparison": {"window": 1.0, "margin": 0.01}}, "margin 0.1, now 0.01"),
    ({"comparison": {"window": 1.0, "test": "paired"}}, "test unpaired, now paired"),
    ({"comparison": {"window": 1.0, "baseline": "coord"}}, "baseline standard, now coord"),
    (
        {"comparison": {"window": 1.0, "outcome": "sample_efficiency"}},
        "outcome score, now sample_efficiency",
    ),
    (
        {"comparison": {"window": 1.0, "source": "evaluations"}, "eval_freq": 100},
        "source runs, now evaluations",
    ),
    ({"seeds": 10}, "seeds 0, now 0 1 2 3 4 5 6 7 8 9"),
    ({"arms": ["standard", "coord", "constant"]}, "arms coord standard, now constant coord"),
    ({"env": ["Breakout", "Pong"]}, "games Breakout, now Breakout Pong"),
    ({"algo": ["a2c", "ppo"], "hyperparams": {}}, "algorithms a2c, now a2c ppo"),
]


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """A study that is written down, with no run begun."""
    file = write_study(tmp_path / "study.yaml")
    assert run_study(file, "-f", str(tmp_path / "runs"), "--list") == 0
    return tmp_path / "runs"


def finish(root: Path) -> None:
    RunFolder(root / RUN).update(status="finished")


@pytest.mark.parametrize(("changes", "says"), CHANGES)
def test_another_declaration_is_refused(
    planned: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], says: str
) -> None:
    finish(planned)
    before = (planned / "study.json").read_bytes()
    file = write_study(planned.parent / "other.yaml", **changes)
    for flag in ("--list", "--dry-run"):
        capsys.readouterr()
        line = refused(study.main, [file, "-f", str(planned), flag], capsys)
        assert says in line
        assert "a new study needs a new folder" in line
    assert (planned / "study.json").read_bytes() == before


def test_an_edited_study_file_is_no_way_around_it(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(planned)
    record = read_json(planned / "study.json")
    record["comparison"]["margin"] = 0.01
    write_json(planned / "study.json", record)
    values = {"window": 1.0, "margin": 0.01}
    other = write_study(planned.parent / "other.yaml", comparison=values)
    capsys.readouterr()
    line = refused(study.main, [other, "-f", str(planned), "--list"], capsys)
    assert "declares something else than its study.json says, which was edited" in line
    # What was declared puts it right again.
    declared = write_study(planned.parent / "declared.yaml")
    assert run_study(declared, "-f", str(planned), "--list") == 0
    assert read_json(planned / "study.json")["comparison"]["margin"] == 0.1


def test_a_study_file_that_is_gone_is_none_either(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(planned)
    (planned / "study.json").unlink()
    file = write_study(planned.parent / "other.yaml", comparison={"margin": 0.01})
    capsys.readouterr()
    line = refused(study.main, [file, "-f", str(planned), "--list"], capsys)
    assert "has finished runs and no study.json" in line


def test_until_a_run_has_finished_it_may_change(planned: Path) -> None:
    file = write_study(planned.parent / "other.yaml", comparison={"margin": 0.2}, seeds=[3, 1])
    assert run_study(file, "-f", str(planned), "--list") == 0
    assert read_json(planned / "study.json")["comparison"]["margin"] == 0.2


def test_the_order_of_seeds_is_declared_that_of_arms_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(tmp_path / "runs")
    assert run_study(write_study(tmp_path / "1.yaml", seeds=[0, 1]), "-f", root, "--list") == 0
    finish(tmp_path / "runs")
    arms = ["coord", "standard"]
    same = write_study(tmp_path / "2.yaml", seeds=[0, 1], arms=arms)
    assert run_study(same, "-f", root, "--list") == 0
    capsys.readouterr()
    other = write_study(tmp_path / "3.yaml", seeds=[1, 0])
    assert "seeds 0 1, now 1 0" in refused(study.main, [other, "-f", root, "--list"], capsys)


def test_a_study_of_an_older_version_goes_on_and_is_held_to_it_from_then_on(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(planned)
    record = read_json(planned / "study.json")
    del record["declaration"]
    for name in ("outcome", "sequential"):  # which studies had not always
        record["comparison"].pop(name, None)
    write_json(planned / "study.json", record)
    values = {"window": 1.0, "outcome": "sample_efficiency"}
    file = write_study(planned.parent / "same.yaml", comparison=values)
    capsys.readouterr()
    assert run_study(file, "-f", str(planned), "--list") == 0
    error = capsys.readouterr().err
    assert "from now on this one is held to: baseline standard, test unpaired, margin 0.1" in error
    assert "outcome sample_efficiency" in error
    assert run_study(file, "-f", str(planned), "--list") == 0
    assert "from now on" not in capsys.readouterr().err
    back = write_study(planned.parent / "back.yaml")
    assert "outcome" in refused(study.main, [back, "-f", str(planned), "--list"], capsys)


def test_even_an_older_one_keeps_what_it_states(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(planned)
    record = read_json(planned / "study.json")
    del record["declaration"]
    write_json(planned / "study.json", record)
    file = write_study(planned.parent / "other.yaml", seeds=2)
    capsys.readouterr()
    assert "seeds 0, now 0 1" in refused(study.main, [file, "-f", str(planned), "--list"], capsys)


def test_each_value_of_a_sweep_is_held_to_it_and_values_can_be_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    file = write_study(tmp_path / "study.yaml", sweep={"gamma": [0.9]})
    assert run_study(file, "-f", str(root), "--list") == 0
    finish(root / "gamma=0.9")
    more = write_study(tmp_path / "more.yaml", sweep={"gamma": [0.9, 0.8]})
    assert run_study(more, "-f", str(root), "--list") == 0
    other = write_study(tmp_path / "other.yaml", sweep={"gamma": [0.9]}, seeds=2)
    capsys.readouterr()
    line = refused(study.main, [other, "-f", str(root), "--list"], capsys)
    assert "gamma=0.9 has finished runs" in line


def test_a_comparison_tells_of_a_study_file_that_was_changed(tmp_path: Path) -> None:
    write_runs(tmp_path)
    assert not [note for note in read_study(tmp_path).notes if "changed" in note]
    path = tmp_path / "study.json"
    record = json.loads(path.read_text())
    assert record["declaration"]
    record["comparison"]["margin"] = 0.01
    path.write_text(json.dumps(record))
    [note] = [note for note in read_study(tmp_path).notes if "changed" in note]
    assert "study.json was changed after the study had been declared" in note
    del record["declaration"]
    path.write_text(json.dumps(record))
    assert not [note for note in read_study(tmp_path).notes if "changed" in note]


@pytest.mark.parametrize("name", ["atari/a2c", "atari/ppo", "quick-control-sequential"])
def test_the_hashes_of_the_reference_studies_still_hold(name: str) -> None:
    record = read_json(Path("runs", "reference", name, "study.json"))
    assert record["declaration"] == declaration_hash(declared_values(record))
    assert "source" not in record["comparison"]  # they are older than the word
    record["comparison"]["source"] = "runs"
    assert record["declaration"] == declaration_hash(declared_values(record))
    assert parse_study(record["config"], name).hash == record["hash"]


def test_a_reference_study_can_be_read() -> None:
    declared = read_study(Path("runs", "reference", "atari", "a2c")).declared
    assert (declared.altered, declared.source) == (False, "runs")
