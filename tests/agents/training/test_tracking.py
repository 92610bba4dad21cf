"""Runs in the trackers themselves: MLflow's server on this machine, Weights & Biases offline."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from agents import train
from agents.run.folder import RunFolder
from agents.run.tracking import Tracking, add_tracking, tracking_of
from agents.training.checkpoints import checkpoint_paths
from agents.training.execute import execute
from agents.training.tracking import tracked
from tests.agents.ports import free_ports
from tests.agents.runs import (
    refused,
    run_at,
    run_study,
    small_run,
    trained,
    weights_hash,
    write_study,
)

RUN: dict[str, Any] = {"algo": "ppo", "arm": "coord", "n_timesteps": 640, "save_freq": 128}
STEPS = list(range(64, 641, 64))
"""PPO logs every rollout."""


def needs(module: str) -> None:
    if "CI" not in os.environ and importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start MLflow's server; return its address."""
    needs("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 240
    while True:
        with suppress(OSError):
            urllib.request.urlopen(f"{address}/health", timeout=5).close()
            break
        assert process.poll() is None, (folder / "server.log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.5)
    # The tables are made at the first request: two at a time would both make them.
    urllib.request.urlopen(f"{address}/api/2.0/mlflow/experiments/search?max_results=1").close()
    yield address
    process.terminate()
    process.wait(60)


def train_in_two_attempts(root: Path, tracking: Tracking) -> RunFolder:
    """Train a run whose second attempt goes on from before where the first has ended."""
    config = small_run(**RUN)
    folder = RunFolder(root / config.relative_folder)
    folder.plan(config)
    execute(folder, lambda progress: None, stop_at=384, tracker=tracked(folder, tracking))
    checkpoint_paths(folder.checkpoints)[0].unlink()
    execute(folder, lambda progress: None, tracker=tracked(folder, tracking))
    assert folder.finished
    assert [row["timestep"] for row in folder.record["resumptions"]] == [256]
    return folder


@pytest.mark.slow
def test_a_resumed_run_goes_on_in_the_same_run_of_mlflow(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    folder = train_in_two_attempts(tmp_path / "runs", Tracking("mlflow", "resumed", group="mine"))
    assert weights_hash(folder) == weights_hash(trained(small_run(**RUN), tmp_path / "untracked"))
    client = MlflowClient()
    experiment = client.get_experiment_by_name("resumed")
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "Breakout ppo coord seed 0"
    expected = {"arm": "coord", "algorithm": "ppo", "seed": "0", "study": "mine"}
    assert expected.items() <= run.data.tags.items()
    assert run.data.tags["game"] == small_run(**RUN).env
    assert run.data.params["hyperparams.n_steps"] == "32"
    history = client.get_metric_history(run.info.run_id, "time/fps")
    assert [each.step for each in history] == STEPS
    assert run.data.metrics["train/loss"]


@pytest.mark.slow
def test_a_resumed_run_goes_on_in_the_same_run_of_wandb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    folder = train_in_two_attempts(tmp_path / "runs", Tracking("wandb", "resumed", group="mine"))
    assert weights_hash(folder) == weights_hash(trained(small_run(**RUN), tmp_path / "untracked"))
    files = sorted(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    assert len(files) == 2  # an attempt each, of one run
    records = [record for file in files for record in wandb_records(file)]
    runs = [record.run for record in records if record.WhichOneof("record_type") == "run"]
    assert len({run.run_id for run in runs}) == 1
    assert {run.run_group for run in runs} == {"mine"}
    assert {tuple(run.tags) for run in runs} == {("coord", small_run(**RUN).env, "ppo", "seed-0")}
    rows = [
        {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
        for record in records
        if (items := record.history.item)
    ]
    assert [row["_step"] for row in rows if "time/fps" in row] == STEPS


def wandb_records(path: Path) -> Iterator[Any]:
    """Read what an offline run holds, in LevelDB's log format after a header."""
    from wandb.proto import wandb_internal_pb2

    content, position, record = path.read_bytes(), 7, b""
    while position < len(content):
        left = 2**15 - position % 2**15
        if left < 7:  # no header fits into the rest of a block
            position += left
            continue
        length, kind = struct.unpack_from("<4xHB", content, position)
        record += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield wandb_internal_pb2.Record.FromString(record)
            record = b""


@pytest.mark.slow
def test_a_studys_runs_are_tracked_as_its_group(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    file = write_study(tmp_path / "mine.yaml", n_timesteps=400)
    root = tmp_path / "runs"
    forkserver.ensure_running()  # the runs' processes are forked from: older than the variable
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    flags = ("--track", "mlflow", "--track-project", "studies")
    assert run_study(file, "-f", str(root), *flags) == 0
    experiment = MlflowClient().get_experiment_by_name("studies")
    assert experiment is not None
    runs = MlflowClient().search_runs([experiment.experiment_id])
    assert {(run.data.tags["study"], run.data.tags["arm"]) for run in runs} == {
        ("mine", "standard"),
        ("mine", "coord"),
    }
    for run in runs:
        score = run_at(root, run.data.tags["arm"]).record["score"]
        assert run.data.metrics["score"] == score["mean"]


@pytest.mark.slow
def test_a_server_that_is_not_there_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    argv = ["--algo", "a2c", "--env", "Breakout", "-n", "80", "-f", str(tmp_path)]
    assert "--track mlflow: " in refused(train.main, [*argv, "--track", "mlflow"], capsys)


def test_a_password_in_the_servers_address_is_in_no_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags of runs show in lists of processes; where it stays, MLflow itself looks for it."""
    parser = ArgumentParser()
    add_tracking(parser)
    flags = {}
    for address in ("http://me:secret@127.0.0.1:5000", "http://127.0.0.1:5000"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        tracking = tracking_of(parser.parse_args(["--track", "mlflow"]))
        assert tracking is not None
        flags[address] = tracking.flags()
    assert flags["http://me:secret@127.0.0.1:5000"] == ["--track=mlflow", "--track-project=coordrl"]
    assert "--mlflow-tracking-uri=http://127.0.0.1:5000" in flags["http://127.0.0.1:5000"]


@pytest.mark.parametrize("tracker", ["wandb", "mlflow"])
def test_without_the_tracker_the_extra_is_named(
    tracker: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, tracker, None)
    argv = ["--algo", "a2c", "--env", "Breakout", "-n", "80", "-f", str(tmp_path)]
    line = refused(train.main, [*argv, "--track", tracker], capsys)
    assert "pip install -e '.[track]'" in line
