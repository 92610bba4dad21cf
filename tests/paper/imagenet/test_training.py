import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from common.command_line import run_command
from paper import training as shared
from paper.imagenet import training as imagenet
from paper.imagenet.command import main
from paper.imagenet.folder import ImageFolder
from paper.imagenet.networks import small_resnet
from paper.imagenet.training import Classification, Setting
from tests.paper.cut_off import cut_off
from tests.paper.imagenet.pictures import write_pictures

SETTING = Setting("coordconv8", seed=1, epochs=2, size=32, batch_size=16, half=False)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


def classification(pictures: Path, setting: Setting = SETTING, workers: int = 0) -> Classification:
    train = ImageFolder(pictures / "train", setting.size, setting.seed)
    test = ImageFolder(pictures / "val", setting.size, None)
    return Classification(setting, train, test, lambda _: None, workers=workers)


def test_what_is_cut_out_depends_on_seed_epoch_and_image_alone(pictures: Path) -> None:
    train = ImageFolder(pictures / "train", 32, seed=1)
    assert train.classes == ["china", "face", "flower"]
    assert len(train) == 48
    image, label = train[0, 40]
    assert (image.shape, label) == ((3, 32, 32), 2)
    assert torch.equal(image, train[0, 40][0])
    assert not torch.equal(image, train[1, 40][0])
    assert not torch.equal(image, ImageFolder(pictures / "train", 32, seed=2)[0, 40][0])
    test = ImageFolder(pictures / "val", 32, None)
    assert torch.equal(test[0, 5][0], test[1, 5][0])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ResNet-50 takes a second a step here: what is trained is of no matter to resumption."""

    def network(arm: str, n_classes: int) -> torch.nn.Module:
        first = torch.nn.Conv2d(3, 1, 1)
        return torch.nn.Sequential(first, small_resnet(arm, n_classes))

    monkeypatch.setattr(imagenet, "resnet50", network)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("half", [False, True])
def test_cut_off_anywhere_it_ends_with_the_same_bits(
    half: bool, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = replace(SETTING, half=half)
    whole = classification(pictures, setting)
    whole.train()
    monkeypatch.setattr(shared, "CHECKPOINT_SECONDS", 0)
    for stop in (2, 4):
        cut_off(classification(pictures, setting), stop, tmp_path)
    rest = classification(pictures, setting, workers=1)
    rest.train(tmp_path)
    assert rest.history == whole.history
    assert rest.result()[0]["fingerprint"] == whole.result()[0]["fingerprint"]


@pytest.mark.usefixtures("small")
def test_photographs_are_learned(pictures: Path) -> None:
    training = classification(pictures, replace(SETTING, epochs=8))
    training.rate *= 10
    training.train()
    assert training.history[-1]["loss"] < 0.8 * training.history[0]["loss"]
    scores = training.result()[0]["scores"]
    assert 0 < scores["top1"] <= scores["top5"] == 1  # of three classes


def test_the_rate_is_torchvisions(pictures: Path) -> None:
    training = classification(pictures, replace(SETTING, epochs=90))
    assert training.rate == pytest.approx(0.1 * 16 / 256)
    assert (training.steps_an_epoch, training.n_steps) == (3, 270)


@pytest.mark.slow
def test_the_command_trains_a_resnet50(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "--data", str(pictures), "--device", "cpu", "--epochs", "1", "--size", "32"]
    assert main([*command, "--batch-size", "16", "--workers", "0", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["parameters"] == {"network": 25_572_768 - 997 * 2_049}
    assert np.isfinite(result["history"][0]["loss"])


@pytest.mark.slow
def test_two_processes_learn_together(pictures: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["-m", "paper.imagenet", "train", "--data", str(pictures), "--device", "cpu"]
    command += ["--epochs", "1", "--size", "32", "--batch-size", "16", "--workers", "0", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command += ["--output", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert np.isfinite(result["history"][0]["loss"])
    assert result["scores"]["top5"] == 1


def test_wrong_folders_are_told_in_a_line(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def error(*arguments: str) -> str:
        assert run_command(main, ["train", "--device", "cpu", *arguments]) == 2
        text = capsys.readouterr().err
        assert text.count("\n") == 1
        return text

    assert "train is not there" in error("--data", str(tmp_path))
    (tmp_path / "train" / "cat").mkdir(parents=True)
    assert "holds no images in folders named by class" in error("--data", str(tmp_path))
    (tmp_path / "train" / "cat" / "1.png").write_text("not an image")
    with pytest.raises(ValueError, match=r"1\.png is not an image"):
        ImageFolder(tmp_path / "train", 32, None)[0, 0]
