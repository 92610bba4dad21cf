from pathlib import Path

import numpy as np
import pytest

from agents.probe.command import main
from agents.probe.frames import Frames
from agents.probe.reading import fit
from common.command_line import run_command
from common.files import read_json
from tests.agents.runs import refused, small_run, trained


def test_a_linear_place_is_read_out_and_an_independent_one_is_not() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(600, 5))
    places = np.stack([40 + 3 * x[:, 0] - 2 * x[:, 3], generator.normal(size=600)], axis=1)
    places[::7, 0] = np.nan
    images = np.zeros((600, 1, 1, 1), np.uint8)
    train, test = Frames(images[:400], places[:400]), Frames(images[400:], places[400:])
    found = fit(x[:400], train, x[400:], test)
    assert found.r2[0] > 0.999
    assert found.pixels[0] < 0.05
    assert abs(found.r2[1]) < 0.1


def test_the_read_out_is_that_of_the_normal_equations() -> None:
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(50, 3)), generator.normal(size=(50, 1))
    frames = Frames(np.zeros((50, 1, 1, 1), np.uint8), y)
    scaled = (x - x.mean(0)) / x.std(0)
    stacked = np.concatenate([scaled, np.sqrt(1e-3 * 50) * np.eye(3)])
    target = np.concatenate([(y - y.mean()).ravel() / y.std(), np.zeros(3)])
    weights = np.linalg.lstsq(stacked, target, rcond=None)[0]
    rest = y.ravel() - (scaled @ weights * y.std() + y.mean())
    assert fit(x, frames, x, frames).pixels == pytest.approx([np.abs(rest).mean()])


def test_the_command_reads_out_of_a_trained_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(small_run("a2c", "keypoints", env="Pong"), tmp_path / "runs")
    arguments = ["read", str(run.path), "--frames", "160", "--output", str(tmp_path / "found")]
    assert run_command(main, arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split()[-1] for line in lines] == ["trained", "untrained"]
    [record] = read_json(tmp_path / "found" / "read.json")["runs"]
    assert record["coordinates"] == ["player y", "enemy y", "ball x", "ball y"]
    assert record["trained"] != record["untrained"]


def test_a_run_of_a_game_whose_objects_are_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(small_run("a2c", "pooled", env="Tennis"), tmp_path / "runs")
    assert "no run is of a game whose objects are known" in refused(
        main, ["read", str(run.path)], capsys
    )
