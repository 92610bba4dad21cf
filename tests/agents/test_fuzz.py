"""Wrong inputs of all kinds: an exit code and lines for people, never a traceback."""

import shutil
from pathlib import Path

import pytest

from tests.agents.fuzzing.inputs import KINDS, make_input
from tests.agents.fuzzing.outcome import MEMORY_LIMIT, memory, outcome_of

FEW = {"study file": 30, "command line": 20, "record": 20, "log": 2, "checkpoint": 5}
MANY = {"study file": 400, "command line": 300, "record": 300, "log": 60, "checkpoint": 150}


def faults(kind: str, numbers: range, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Try inputs of a kind, each in a folder of its own; return what went wrong."""
    found = []
    for number in numbers:
        folder = root / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        wrong = make_input(kind, number, folder)
        fault = outcome_of(wrong).fault()
        if fault:
            found.append(f"{kind} {number}, {wrong.name:.300}: {fault}")
        monkeypatch.chdir(root)
        shutil.rmtree(folder)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_inputs_are_told_in_lines(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert faults(kind, range(FEW[kind]), tmp_path, monkeypatch) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_many_wrong_inputs_are_told_in_lines(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = memory()
    assert faults(kind, range(1000, 1000 + MANY[kind]), tmp_path, monkeypatch) == []
    assert memory() - before < MEMORY_LIMIT


def test_there_are_a_thousand() -> None:
    assert sum(MANY.values()) > 1000
    assert KINDS.keys() == FEW.keys() == MANY.keys()


def test_the_same_inputs_come_at_every_call(tmp_path: Path) -> None:
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        make_input("study file", 7, tmp_path / name)
    once, again = (tmp_path / name / "study.yaml" for name in ("once", "again"))
    assert once.read_bytes() == again.read_bytes()
