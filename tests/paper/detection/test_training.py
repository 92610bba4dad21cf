import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from common.errors import UsageError
from paper import training as shared
from paper.detection.boxes import make_anchors
from paper.detection.data import Field
from paper.detection.measures import measure, proposals
from paper.detection.training import Detection, Setting
from paper.results import load
from paper.training import CHECKPOINT
from tests.paper.cut_off import cut_off

SETTING = Setting("coordconv", "intended", seed=3, width=4, epochs=2)
Fields = tuple[Field, Field]


def detection(fields: Fields, setting: Setting = SETTING) -> Detection:
    return Detection(setting, *fields, lambda _: None)


def test_it_learns(fields: Fields) -> None:
    training = detection(fields, replace(SETTING, epochs=3, learning_rate=0.01))
    before = measure(*proposals(training.network, training.anchors, fields[1].images), fields[1])
    training.train()
    result, arrays = training.result()
    assert result["scores"]["select"] > before["select"] + 0.05
    assert result["history"][-1]["loss"] < 0.7 * result["history"][0]["loss"]
    assert set(result["scores"]) == {*before, "train"}
    assert arrays["boxes"].shape == (12, 10, 4)


@pytest.mark.parametrize("anchors", ["intended", "released"])
def test_cut_off_anywhere_it_ends_with_the_same_bits(
    anchors: str, fields: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = replace(SETTING, anchors=anchors)
    whole = detection(fields, setting)
    whole.train()
    monkeypatch.setattr(shared, "CHECKPOINT_SECONDS", 0)
    for stop in (3, whole.steps_an_epoch + 1):
        cut_off(detection(fields, setting), stop, tmp_path)
    rest = detection(fields, setting)
    rest.train(tmp_path)
    assert rest.result()[0]["fingerprint"] == whole.result()[0]["fingerprint"]
    assert rest.history == whole.history


def test_a_seed_decides_every_bit(fields: Fields) -> None:
    prints = []
    for seed in (3, 3, 4):
        training = detection(fields, replace(SETTING, seed=seed, epochs=1))
        training.train()
        prints.append(training.result()[0]["fingerprint"])
    assert prints[0] == prints[1] != prints[2]


def test_checkpoints_of_other_trainings_and_damaged_ones_are_told(
    fields: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "CHECKPOINT_SECONDS", 0)
    training = detection(fields, replace(SETTING, epochs=1))
    training.train(tmp_path)
    with pytest.raises(UsageError, match="is a checkpoint of another training"):
        detection(fields).train(tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UsageError, match=r"checkpoint\.pt is damaged"):
        detection(fields).train(tmp_path)


def test_measures_of_known_proposals() -> None:
    truths = torch.tensor([[10.0, 10, 20, 20], [40, 40, 20, 20]])[None]
    field = Field(torch.zeros(1, 1, 64, 64), truths, 1.0)
    half = [10.0, 20, 20, 20]  # shares a half with the first: IOU 1/3
    boxes = torch.tensor([truths[0, 0].tolist(), half, half])[None]
    scores = torch.tensor([[0.9, 0.5, -torch.inf]])
    found = measure(boxes, scores, field)
    assert found == pytest.approx(
        {"average": (1 + 1 / 3) / 4, "select": (1 + 1 / 3) / 2, "truth": 0.5, "recall": 0.5}
        | {"precision": 0.5}
    )


def test_proposals_see_no_truth(fields: Fields) -> None:
    training = detection(fields)
    boxes, scores = proposals(training.network, make_anchors("intended"), fields[1].images)
    assert boxes.shape == (len(fields[1].images), 10, 4)
    assert (scores.diff(dim=1) <= 0).all()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_the_same_command_goes_on(digits: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _COMMAND, "train", "--width", "8", "--epochs", "40"]
    command += ["--data", str(digits)]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run([*command, "--output", str(whole)], check=True, capture_output=True)
    for _ in range(2):
        before, deadline = time.time_ns(), time.monotonic() + 300
        with subprocess.Popen(
            [*command, "--output", str(killed)], stderr=subprocess.DEVNULL
        ) as process:
            path = killed / CHECKPOINT
            while not (path.exists() and path.stat().st_mtime_ns > before):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            process.kill()
        assert path.stat().st_mtime_ns > before
        assert load(killed) is None
    subprocess.run([*command, "--output", str(killed)], check=True, capture_output=True)
    results = load(whole), load(killed)
    assert results[0] is not None
    assert results[1] is not None
    assert results[0].fingerprint == results[1].fingerprint
    assert results[0].history == results[1].history
    assert not (killed / CHECKPOINT).exists()


_COMMAND = """
import sys
from common.command_line import run_command
from paper import training
from paper.detection.command import main
training.CHECKPOINT_SECONDS = 1
sys.exit(run_command(main))
"""
