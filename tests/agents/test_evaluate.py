"""The command: tables and JSON, several processes, one line for what is wrong."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents import evaluate
from agents.play.agent import WEIGHTS
from agents.play.evaluation import EVALUATION
from agents.run.folder import RunFolder
from common.command_line import run_command
from common.files import read_json
from tests.agents.runs import refused

CLEVR = Path("NotSoClevr-v0", "ppo")
COORD = CLEVR / "coord-pooled" / "seed-0"
PLAIN = CLEVR / "pooled" / "seed-0"


def run(*argv: str | Path) -> int:
    return run_command(evaluate.main, [str(argument) for argument in argv])


def test_the_numbers_do_not_depend_on_the_processes(finished_runs: Path) -> None:
    folder, games = finished_runs / CLEVR, ("--n-eval-episodes", "12", "--without-coordinates")
    assert run(folder, *games, "--processes", "1") == 0
    alone = [(finished_runs / name / EVALUATION).read_bytes() for name in (COORD, PLAIN)]
    for name in (COORD, PLAIN):
        (finished_runs / name / EVALUATION).unlink()
    assert run(folder, *games, "--processes", "2") == 0
    assert [(finished_runs / name / EVALUATION).read_bytes() for name in (COORD, PLAIN)] == alone
    assert [len(json.loads(content)["evaluations"]) for content in alone] == [4, 2]


def test_the_table_has_a_row_for_every_record(
    finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--n-eval-episodes", "4", "--without-coordinates", "--processes", "1")
    assert run(finished_runs / COORD, finished_runs / PLAIN, *flags) == 0
    captured = capsys.readouterr()
    head, *rows = captured.out.splitlines()
    assert head.split()[:3] == ["run", "actions", "coordinates"]
    assert [row.split()[2:7] for row in rows] == [
        ["coord-pooled", "seed", "0", "drawn", "on"],
        ["coord-pooled", "seed", "0", "drawn", "off"],
        ["coord-pooled", "seed", "0", "greedy", "on"],
        ["coord-pooled", "seed", "0", "greedy", "off"],
        ["pooled", "seed", "0", "drawn", "-"],
        ["pooled", "seed", "0", "greedy", "-"],
    ]
    assert captured.err.count("evaluated: NotSoClevr-v0 ppo") == 2


@pytest.mark.parametrize(
    ("flag", "deterministic"), [("--deterministic", True), ("--stochastic", False)]
)
def test_json(
    finished_runs: Path, capsys: pytest.CaptureFixture[str], flag: str, deterministic: bool
) -> None:
    assert run(finished_runs / PLAIN, "--json", "--n-eval-episodes", "4", "--seed", "7", flag) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result == read_json(finished_runs / PLAIN / EVALUATION)
    (record,) = result["evaluations"]
    assert record["deterministic"] is deterministic
    assert record["eval_seed"] == 2**30 + 7


def test_a_run_that_cannot_be_evaluated_does_not_stop_the_others(
    finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (finished_runs / COORD / WEIGHTS).write_bytes(b"")
    RunFolder(finished_runs / "Seaquest/a2c/coord/seed-0").update(status="failed")
    (finished_runs / "Seaquest/a2c/standard/seed-0/run.json").unlink()
    assert run(finished_runs, "--n-eval-episodes", "2", "--processes", "1") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert errors[0].startswith("left out: ")
    assert errors[0].endswith("is not finished: failed")
    assert errors[1].startswith("error: ")
    assert "policy.safetensors is damaged" in errors[1]
    assert errors[2] == "evaluated: NotSoClevr-v0 ppo pooled seed 0"
    assert (finished_runs / PLAIN / EVALUATION).is_file()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "required: RUN"),
        (["no-such-folder"], "is not a folder"),
        (["."], "holds no finished run"),
        (["RUN", "--n-eval-episodes", "0"], "'0' is not a whole number"),
        (["RUN", "--n-eval-episodes", "x"], "'x' is not a whole number"),
        (["RUN", "--n-envs", "0"], "'0' is not a whole number"),
        (["RUN", "--processes", "0"], "'0' is not a whole number"),
        (["RUN", "--seed", "-1"], "--seed is -1: it must lie in 0..1073741823"),
        (["RUN", "--seed", str(2**30)], "must lie in"),
        (["RUN", "--device", "gpu"], "device 'gpu'"),
        (["RUN", "--env-kwargs", "part"], "not of the form name:value"),
        (["RUN", "--env-kwargs", "part:tset"], "part must be"),
        (["RUN", "--deterministic", "--stochastic"], "not allowed with argument --deterministic"),
    ],
)
def test_bad_input(
    argv: list[str],
    says: str,
    finished_runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    given = [str(finished_runs / PLAIN) if word == "RUN" else word for word in argv]
    assert says in refused(evaluate.main, given, capsys)
    assert not (finished_runs / PLAIN / EVALUATION).exists()


def test_a_file_that_cannot_be_written(
    finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (finished_runs / PLAIN / EVALUATION).mkdir()
    line = refused(evaluate.main, [str(finished_runs / PLAIN), "--n-eval-episodes", "2"], capsys)
    assert "evaluation.json is not a file" in line


@pytest.mark.slow
def test_an_interrupted_command_ends_its_processes(finished_runs: Path) -> None:
    games = ["--n-eval-episodes", "1000000", "--processes", "2"]
    command = [sys.executable, "-m", "agents.evaluate", str(finished_runs / CLEVR), *games]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(children(process.pid)) < 3:  # two workers, and the one that tracks resources
        assert process.poll() is None
        time.sleep(0.05)
    workers = children(process.pid)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.startswith("interrupted")
    assert error.count("\n") == 1
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
