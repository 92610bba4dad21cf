"""The flags that say where a study trains."""

import socket
import sys
from pathlib import Path

import pytest

from agents.study import command as study
from common.command_line import run_command

STUDY = ("--env", "Breakout", "--algo", "a2c", "--seeds", "4", "-n", "16")


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run a study that is refused; return the line that says why."""
    try:
        code = run_command(study.main, (*STUDY, *argv))
    except SystemExit as end:  # argparse's
        code = int(str(end.code))
    assert code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--executor slurm", "'slurm'"),
        ("--address auto", "--address is for a Ray cluster: add --executor ray"),
        ("--gpus-per-run 0.5", "--gpus-per-run is for a Ray cluster"),
        ("--executor ray --gpus-per-run 0.5 --device cpu", "add --device cuda"),
        ("--executor ray --gpus-per-run 0", "'0' is not a number above 0 and up to 1"),
        ("--executor ray --gpus-per-run nan", "'nan' is not a number"),
        ("--executor ray --gpus-per-run 2", "'2' is not a number above 0 and up to 1"),
    ],
)
def test_flags_that_do_not_fit(
    flags: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    assert reason in refused(capsys, "-f", str(root), *flags.split())
    assert not root.exists()


def test_without_ray_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "agents.executors.ray_cluster", raising=False)
    line = refused(capsys, "-f", str(tmp_path / "runs"), "--executor", "ray")
    assert "pip install -e '.[cluster]'" in line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_no_cluster_at_an_address(
    scheme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{unused.getsockname()[1]}"
        line = refused(capsys, "-f", str(tmp_path), "--executor", "ray", "--address", address)
    assert f"no Ray cluster at '{address}'" in line


@pytest.mark.parametrize("address", ["here", "host:", ":6379", "http://host:6379:x", "host:-1"])
def test_an_address_that_is_none(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "-f", str(tmp_path), "--executor", "ray", "--address", address)
    assert "give auto, host:port or ray://host:port" in line
