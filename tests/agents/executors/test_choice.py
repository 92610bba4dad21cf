"""The flags that say where a study trains."""

import socket
import sys
from pathlib import Path

import pytest

from agents.study import command as study
from tests.agents.runs import refused

STUDY = ("--env", "Breakout", "--algo", "a2c", "--seeds", "4", "-n", "16")


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--executor kubernetes", "'kubernetes'"),
        ("--address auto", "--address is for a Ray cluster: add --executor ray"),
        ("--gpus-per-run 0.5", "--gpus-per-run is for a Ray cluster"),
        ("--executor ray --gpus-per-run 0.5 --device cpu", "add --device cuda"),
        ("--executor ray --gpus-per-run 0", "'0' is not a number above 0 and up to 1"),
        ("--executor ray --gpus-per-run nan", "'nan' is not a number"),
        ("--executor ray --gpus-per-run 2", "'2' is not a number above 0 and up to 1"),
        ("--slurm partition=gpu", "--slurm is for jobs of Slurm: add --executor slurm"),
        ("--executor ray --slurm partition=gpu", "--slurm is for jobs of Slurm"),
        ("--executor slurm --address auto", "--address is for a Ray cluster"),
        ("--executor slurm --slurm time:12:00:00", "'time:12:00:00' is not of the form name=value"),
        ("--executor slurm --slurm -p", "expected at least one argument"),
        ("--executor slurm --slurm output=x", "'output' is an option that the study gives"),
    ],
)
def test_flags_that_do_not_fit(
    flags: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    assert reason in refused(study.main, [*STUDY, "-f", str(root), *flags.split()], capsys)
    assert not root.exists()


def test_without_ray_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "agents.executors.ray_cluster", raising=False)
    line = refused(study.main, [*STUDY, "-f", str(tmp_path / "runs"), "--executor", "ray"], capsys)
    assert "pip install -e '.[cluster]'" in line
    assert not (tmp_path / "runs").exists()


def test_without_slurm_its_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    root = tmp_path / "runs"
    line = refused(study.main, [*STUDY, "-f", str(root), "--executor", "slurm"], capsys)
    assert "there is no sbatch on this machine" in line
    assert not root.exists()


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_no_cluster_at_an_address(
    scheme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{unused.getsockname()[1]}"
        argv = [*STUDY, "-f", str(tmp_path), "--executor", "ray", "--address", address]
        line = refused(study.main, argv, capsys)
    assert f"no Ray cluster at '{address}'" in line


@pytest.mark.parametrize("address", ["here", "host:", ":6379", "http://host:6379:x", "host:-1"])
def test_an_address_that_is_none(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [*STUDY, "-f", str(tmp_path), "--executor", "ray", "--address", address]
    line = refused(study.main, argv, capsys)
    assert "give auto, host:port or ray://host:port" in line
