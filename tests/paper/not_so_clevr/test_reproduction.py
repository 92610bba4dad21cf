import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from common.errors import UsageError
from paper.not_so_clevr import reproduction
from paper.not_so_clevr.command import main
from paper.not_so_clevr.recipes import MODELS, TASKS
from paper.not_so_clevr.results import load_result
from paper.reproduction import Planned
from paper.results import ARRAYS, RESULT
from tests.paper.not_so_clevr.small import PLAN, REGRESSION


@pytest.mark.parametrize("quick", [True, False])
def test_all_tasks_models_and_splits_are_planned(quick: bool) -> None:
    settings = [planned.expected for planned in reproduction.plan(quick)]
    seen = Counter((s["task"], s["model"], s["split"]) for s in settings)
    assert set(seen) >= {(t, m, s) for t in TASKS for m in MODELS for s in ("uniform", "quadrant")}
    assert {setting["canvas"] for setting in settings} == {32 if quick else 64}
    names = [planned.name for planned in reproduction.plan(quick)]
    assert len(set(names)) == len(names)
    if not quick:
        assert seen["classification", "coordconv", "uniform"] == 10
        assert seen["regression", "coordconv", "quadrant"] == 10
        assert seen["classification", "plain", "quadrant"] == 4


def test_the_list_holds_commands_that_do_the_planned_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reproduction, "_QUICK", PLAN)
    assert main(["reproduce", "--quick", "--list", "--output", str(tmp_path)]) == 0
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == len(reproduction.plan(quick=True))
    python, dash_m, module, *arguments = shlex.split(commands[-1])
    assert (python, dash_m, module) == ("python", "-m", "paper.not_so_clevr")
    planned = reproduction.plan(quick=True)[-1]
    assert not planned.is_done(tmp_path)
    assert main(arguments) == 0
    assert planned.is_done(tmp_path)


def test_a_finished_reproduction_is_whole(finished: Path, small_plan: list[Planned]) -> None:
    assert all(planned.is_done(finished) for planned in small_plan)
    for name in ("index.html", "results.md", "results.csv", "results.json"):
        assert (finished / name).stat().st_size > 500
    records = json.loads((finished / "results.json").read_text())
    assert len(records) == len(small_plan)
    assert records[0]["command"] == (
        "python -m paper.not_so_clevr classification --model coordconv --split uniform --seed 0 "
        "--canvas 32 --recipe default --epochs 1"
    )


def test_a_number_of_the_table_is_repeated_by_its_command(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for record in json.loads((finished / "results.json").read_text())[-3::2]:
        capsys.readouterr()
        assert main([*shlex.split(record["command"])[3:], "--json"]) == 0
        again = json.loads(capsys.readouterr().out)
        assert again["fingerprint"] == record["fingerprint"]
        assert (again["train"], again["test"]) == (record["train"], record["test"])


@pytest.mark.slow
def test_what_is_finished_is_kept_and_what_is_damaged_or_other_is_trained_again(
    finished: Path,
    small_plan: list[Planned],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = tmp_path / "copy"
    shutil.copytree(finished, output)
    monkeypatch.setattr(reproduction, "_QUICK", PLAN)
    damaged, other, kept = (planned.folder(output) / RESULT for planned in small_plan[3:6])
    before = load_result(damaged.parent)
    damaged.write_bytes(damaged.read_bytes()[:100])
    values = json.loads(other.read_text())
    values["recipe"]["learning_rate"] = 1.0
    other.write_text(json.dumps(values))
    times = kept.stat().st_mtime_ns
    assert reproduction.reproduce(output, quick=True, processes=2, only_list=False) == 0
    after = load_result(damaged.parent)
    assert before is not None
    assert after is not None
    assert after.fingerprint == before.fingerprint
    assert json.loads(other.read_text())["recipe"]["learning_rate"] == 0.003
    assert kept.stat().st_mtime_ns == times


@pytest.mark.slow
def test_a_failed_training_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reproduction, "_QUICK", REGRESSION)
    first, second = reproduction.plan(quick=True)
    folder = first.folder(tmp_path / "output")
    folder.mkdir(parents=True)
    (tmp_path / "output" / ".lock").touch()
    (folder / ARRAYS).mkdir()  # no file can be written there
    code = reproduction.reproduce(tmp_path / "output", quick=True, processes=2, only_list=False)
    assert code == 1
    streams = capsys.readouterr()
    assert "failed: regression/uniform/coordconv-default/seed-0: error: " in streams.err
    assert second.is_done(tmp_path / "output")
    assert "1 of 2 trainings" in (tmp_path / "output" / "index.html").read_text()


def test_foreign_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        reproduction.reproduce(tmp_path, quick=True, processes=1, only_list=False)
    with pytest.raises(UsageError, match="is a file"):
        reproduction.reproduce(tmp_path / "mine", quick=True, processes=1, only_list=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_interrupted_it_goes_on_where_it_was_and_two_at_once_are_refused(tmp_path: Path) -> None:
    output = tmp_path / "output"
    command = [sys.executable, "-m", "paper.not_so_clevr", "reproduce", "--quick"]
    command += ["--output", str(output), "--processes", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while not list(output.glob(f"runs/**/{RESULT}")) and time.monotonic() < deadline:
        time.sleep(0.2)
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert other.returncode == 2
    assert other.stderr == (
        f"error: another process is working on the reproduction in {output}: "
        f"wait for it to end, or stop it\n"
    )
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1].splitlines()[-1].startswith("interrupted; to go on: ")
    assert process.returncode == 130
    done = {planned.name for planned in reproduction.plan(quick=True) if planned.is_done(output)}
    assert done
    with pytest.MonkeyPatch.context() as patch:
        plan = reproduction.plan(quick=True)
        patch.setattr(reproduction, "plan", lambda _: [p for p in plan if p.name in done])
        times = {path: path.stat().st_mtime_ns for path in output.glob(f"runs/**/{RESULT}")}
        assert reproduction.reproduce(output, quick=True, processes=1, only_list=False) == 0
        assert times == {path: path.stat().st_mtime_ns for path in times}
