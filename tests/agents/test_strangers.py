"""A run from a stranger: nothing in it is executed, followed, overwritten or printed raw."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents import enjoy, evaluate, status, train, verify
from agents.run.folder import RunFolder
from common.command_line import run_command
from common.errors import UsageError
from common.files import locked, read_json

SEAQUEST = Path("Seaquest", "a2c", "coord", "seed-0")
Main = Callable[[Sequence[str] | None], int]
EVIL = "from pathlib import Path\nPath('executed').touch()\n"


def change(run: Path, **changes: Any) -> None:
    record = json.loads((run / "run.json").read_text())
    record["config"] |= changes.pop("config", {})
    (run / "run.json").write_text(json.dumps(record | changes))


def told(main: Main, argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line of an error; the exit code is 2."""
    assert run_command(main, argv) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    return error


@pytest.mark.parametrize("what", ["features_extractor_class", "policy", "env"])
@pytest.mark.parametrize("main", [evaluate.main, enjoy.main, verify.main, train.main])
def test_code_that_a_folder_names_is_not_imported(
    main: Main,
    what: str,
    finished_runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    run = finished_runs / SEAQUEST
    for place in (tmp_path, run):
        (place / "evil.py").write_text(EVIL)
    config: dict[str, Any] = {"env": "evil:Env-v0"}
    if what != "env":
        config = {"arm": {**read_json(run / "run.json")["config"]["arm"], what: "evil.Net"}}
    change(run, config=config)
    argv = [str(run)] if main is not train.main else ["--like", str(run), "-f", "out"]
    assert "add --trust" in told(main, argv, capsys)
    assert not Path("executed").exists()
    assert not Path("out").exists()


def test_trusted_code_is_imported_unless_it_came_with_the_runs(
    finished_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(finished_runs.parent)
    monkeypatch.syspath_prepend(finished_runs.parent)
    run = finished_runs / SEAQUEST
    arm = read_json(run / "run.json")["config"]["arm"]
    (finished_runs / "evil.py").write_text(EVIL)
    change(
        run, config={"arm": {**arm, "features_extractor_class": f"{finished_runs.name}.evil.Net"}}
    )
    argv = [str(run), "--trust"]
    assert "lies in the runs' folder" in told(evaluate.main, argv, capsys)
    Path("mine.py").write_text("from coordrl import CoordNatureCNN as Net\n")
    change(run, config={"arm": {**arm, "features_extractor_class": "mine.Net"}})
    assert run_command(evaluate.main, [*argv, "--n-eval-episodes", "1", "--stochastic"]) == 0


@pytest.mark.parametrize(
    ("what", "value"),
    [("name", "../../../x"), ("name", "/x"), ("name", ".."), ("env", "../Pong"), ("env", "..")],
)
def test_names_do_not_lead_out_of_a_folder(
    what: str,
    value: str,
    finished_runs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = finished_runs / SEAQUEST
    arm = read_json(run / "run.json")["config"]["arm"]
    change(run, config={"env": value} if what == "env" else {"arm": {**arm, "name": value}})
    before = set(tmp_path.rglob("*"))
    argv = ["--like", str(run), "-f", str(tmp_path / "out")]
    assert "pattern" in told(train.main, argv, capsys)
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("runs", [["../secret"], ["/etc"], [{}], "x", None])
def test_a_study_lists_runs_below_itself_only(
    runs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.json").write_text(json.dumps({"runs": runs}))
    error = told(status.main, [str(tmp_path)], capsys)
    assert "study.json is damaged" in error or "does not lie below" in error


def test_a_lock_that_is_a_link_or_a_pipe_is_not_opened(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("content")
    (tmp_path / ".lock").symlink_to(precious)
    with pytest.raises(UsageError, match="is a link or no file"), locked(tmp_path, "the run"):
        pass
    assert precious.read_text() == "content"
    (tmp_path / ".lock").unlink()
    os.mkfifo(tmp_path / ".lock")
    with pytest.raises(UsageError, match="not a file"), locked(tmp_path, "the run"):
        pass


def test_records_that_are_links_pipes_or_huge_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("{}")
    (tmp_path / "link.json").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(2**40)  # a sparse file
    for name in ("link", "pipe", "huge"):
        with pytest.raises(UsageError, match=rf"{name}\.json (is|has)"):
            read_json(tmp_path / f"{name}.json")


@pytest.mark.parametrize("where", ["error", "folder"])
def test_nothing_drives_the_terminal(where: str, finished_runs: Path) -> None:
    run = finished_runs / SEAQUEST
    if where == "error":
        change(run, status="failed", error="\x1b]0;title\x07\x1b[2J\u202egone\ud800")
    else:
        (run / "run.json").write_text("{")
        run.rename(run.with_name("\x1b[2J"))
    command = [sys.executable, "-m", "agents.status", str(finished_runs)]
    output = subprocess.run(command, capture_output=True, check=False)
    shown = output.stdout + output.stderr
    assert b"\\x1b" in shown
    assert not any(sign in shown for sign in (b"\x1b", b"\x07", "\u202e".encode()))


def test_weights_that_are_not_the_runs_are_not_played(
    finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = finished_runs / SEAQUEST
    weights = bytearray((run / "policy.safetensors").read_bytes())
    weights[-1] ^= 1
    (run / "policy.safetensors").write_bytes(weights)
    error = told(evaluate.main, [str(run)], capsys)
    assert "is damaged: these are not the weights that the run ended with" in error


@pytest.mark.parametrize(
    "changes",
    [
        {"timing": {"wall_seconds": "x"}},
        {"timing": {"wall_seconds": 1e400, "cpu_seconds": 1, "timesteps_per_second": 1}},
        {"timing": {"wall_seconds": "1", "cpu_seconds": 1, "timesteps_per_second": 1}},
        {"score": {"mean": "1", "games": 1}},
        {"status": {}},
        {"fingerprints": []},
        {"config": {"algo": []}},
        {"config": {"hyperparams": 3}},
        {"config": {"arm": None}},
        {"config": {"n_timesteps": -1}},
    ],
)
def test_a_damaged_run_does_not_hide_the_others(
    changes: dict[str, Any], finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(finished_runs / SEAQUEST, **changes)
    assert run_command(status.main, [str(finished_runs)]) == 0
    shown = capsys.readouterr().out
    assert "damaged" in shown
    assert "3 finished" in shown
    with pytest.raises(UsageError):
        RunFolder(finished_runs / SEAQUEST).trusted(trust=True).record  # noqa: B018
