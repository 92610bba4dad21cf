"""One run: its folder, its determinism, its failures."""

import csv
import json
import math
from base64 import b64decode
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from safetensors.numpy import load_file
from stable_baselines3 import A2C
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.run.folder import RunFolder
from agents.run.progress import Progress
from agents.training import callbacks
from agents.training.callbacks import EpisodeLog
from agents.training.execute import execute
from common.errors import UsageError
from common.files import locked, read_json
from tests.agents.runs import (
    BROKEN,
    episodes,
    episodes_without_wall_time,
    small_run,
    trained,
    weights_hash,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(small_run("a2c", "coord", n_timesteps=1700), tmp_path_factory.mktemp("runs"))


def test_the_folder_holds_what_its_description_says(finished: RunFolder) -> None:
    record = finished.record
    assert finished.path.parts[-4:] == ("Breakout", "a2c", "coord", "seed-0")
    assert record["status"] == "finished"
    assert record["n_timesteps"] == 1712  # whole rollouts of 2 x 8 timesteps
    assert record["parameters"]["coordinates"] == 7296
    assert record["reference_scores"] == {"random": 1.7, "human": 30.5}
    assert record["timing"]["wall_seconds"] > 0
    assert set(record["provenance"]) >= {"versions", "git", "cpu", "python"}

    rows = episodes(finished)
    assert tuple(rows[0]) == EpisodeLog.COLUMNS
    assert len(rows) >= 2
    assert all(0 < int(row["timestep"]) <= 1712 for row in rows)
    last = [float(row["return"]) for row in rows if int(row["timestep"]) > 0.9 * 1712]
    assert last
    assert record["score"] == {"mean": pytest.approx(np.mean(last)), "games": len(last)}

    with (finished.path / "progress.csv").open() as file:
        progress = list(csv.DictReader(file))
    assert "rollout/ep_rew_mean" in progress[0]
    events = EventAccumulator(str(finished.path))
    events.Reload()
    assert {"rollout/ep_rew_mean", "time/fps", "train/value_loss"} <= set(events.Tags()["scalars"])

    model = A2C.load(finished.path / "model.zip")
    weights = load_file(finished.path / "policy.safetensors")
    name = "features_extractor.cnn.0.coord_weight"
    assert np.array_equal(weights[name], model.policy.state_dict()[name].numpy())
    assert {p.name for p in finished.path.iterdir()} - {".lock"} == {
        "run.json",
        "episodes.csv",
        "progress.csv",
        "model.zip",
        "policy.safetensors",
        next(finished.path.glob("events.out.tfevents.*")).name,
    }


def test_the_saved_model_needs_nothing_of_the_laboratory(finished: RunFolder) -> None:
    with ZipFile(finished.path / "model.zip") as archive:
        values = json.loads(archive.read("data")).values()
    pickles = [
        b64decode(value[":serialized:"])
        for value in values
        if isinstance(value, dict) and ":serialized:" in value
    ]
    assert any(b"stable_baselines3" in pickle for pickle in pickles)
    assert not any(b"agents" in pickle for pickle in pickles)


def test_the_same_run_twice_gives_the_same_bits(algo: str, tmp_path: Path) -> None:
    config = small_run(algo, "coord", n_timesteps=448)
    first, second = (trained(config, tmp_path / name) for name in "ab")
    assert weights_hash(first) == weights_hash(second)
    assert episodes_without_wall_time(first) == episodes_without_wall_time(second)
    assert episodes(first)
    other = trained(small_run(algo, "coord", n_timesteps=448, seed=1), tmp_path)
    assert weights_hash(other) != weights_hash(first)


def test_evaluating_changes_nothing_but_adds_evaluations(tmp_path: Path) -> None:
    config = small_run("a2c", n_timesteps=160)
    plain = trained(config, tmp_path / "plain")
    evaluated_config = config.model_copy(update={"eval_freq": 80, "eval_episodes": 2})
    evaluated = trained(evaluated_config, tmp_path / "evaluated")
    assert weights_hash(plain) == weights_hash(evaluated)
    evaluations = np.load(evaluated.path / "evaluations.npz")
    assert evaluations["timesteps"].tolist() == [80, 160]
    assert evaluations["results"].shape == (2, 2)


def test_arms_are_evaluated_on_the_same_games(tmp_path: Path) -> None:
    """Before the first update two arms that start as the same function play the same games."""
    results = []
    for arm in ("standard", "coord-zero"):
        config = small_run("ppo", arm, n_timesteps=64)
        config = config.model_copy(update={"eval_freq": 40, "eval_episodes": 2})
        folder = trained(config, tmp_path)
        results.append(np.load(folder.path / "evaluations.npz")["ep_lengths"][0])
    assert np.array_equal(*results)


def test_a_finished_run_is_left_as_it_is(finished: RunFolder) -> None:
    before = {p.name: (p.stat().st_mtime_ns) for p in finished.path.iterdir() if p.name != ".lock"}
    finished.plan(finished.config)
    execute(finished, lambda progress: pytest.fail("trained again"))
    after = {p.name: (p.stat().st_mtime_ns) for p in finished.path.iterdir() if p.name != ".lock"}
    assert before == after


def test_another_configuration_is_refused(finished: RunFolder) -> None:
    with pytest.raises(UsageError, match=r"another n_timesteps \(1712, now 64\)"):
        finished.plan(small_run("a2c", "coord", n_timesteps=64))


def test_progress_is_reported_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A fast machine trains so few steps in less than the second between two reports.
    monkeypatch.setattr(callbacks, "PROGRESS_SECONDS", 0.0)
    config = small_run("a2c", n_timesteps=320)
    folder = RunFolder(tmp_path / "run")
    folder.plan(config)
    reports: list[Progress] = []
    written: list[dict[str, Any]] = []

    def report(progress: Progress) -> None:
        reports.append(progress)
        written.append(read_json(folder.progress_path))

    execute(folder, report)
    assert reports
    assert written[-1]["timesteps"] == reports[-1].timesteps <= 320
    assert all(math.isfinite(r.timesteps_per_second) and r.seconds_left >= 0 for r in reports)
    assert not folder.progress_path.exists()


@pytest.fixture
def broken_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "broken_arm.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(modules)
    return "broken_arm.Broken"


def test_a_failure_is_recorded_and_the_next_attempt_starts_again(
    tmp_path: Path, broken_arm: str
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.plan(small_run("a2c", broken_arm, n_timesteps=1000))
    with pytest.raises(RuntimeError, match="out of luck"):
        execute(folder, lambda progress: None)
    assert folder.record["status"] == "failed"
    assert folder.record["error"] == "RuntimeError: out of luck"
    (folder.path / "episodes.csv").write_text("left over")
    with pytest.raises(RuntimeError, match="out of luck"):
        execute(folder, lambda progress: None)
    assert "left over" not in (folder.path / "episodes.csv").read_text()
    assert len(list(folder.path.glob("events.out.tfevents.*"))) == 1


def test_a_run_that_another_process_trains_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.plan(small_run())
    with (
        locked(folder.path, "the run"),
        pytest.raises(UsageError, match="another process is working on the run"),
    ):
        execute(folder, lambda progress: None)
    assert folder.record["status"] == "planned"


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe\x00", b'{"config": {}}'])
def test_a_damaged_run_json_is_one_clear_line(tmp_path: Path, damage: bytes) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.plan(small_run())
    (folder.path / "run.json").write_bytes(damage)
    with pytest.raises(UsageError, match=r"run\.json"):
        execute(folder, lambda progress: None)


def test_run_json_round_trips(tmp_path: Path) -> None:
    config = small_run("ppo", "coord-radius")
    folder = RunFolder(tmp_path / "run")
    folder.plan(config)
    assert folder.config == config
    assert (
        folder.config.hash
        == config.hash
        == json.loads((folder.path / "run.json").read_text())["config_hash"]
    )
