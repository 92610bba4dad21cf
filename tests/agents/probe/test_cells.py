import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agents.probe import cells as module
from agents.probe import frames
from agents.probe.cells import Cell, cells, train_cells, write_returns
from agents.probe.command import main
from agents.probe.frames import Frames
from agents.probe.page import mean_pixels, save_page
from common.command_line import run_command
from common.errors import UsageError
from coordrl.compare import compare_runs
from tests.agents.probe.squares import squares
from tests.agents.runs import refused


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with frames of squares in place of a game with one object."""
    monkeypatch.setattr(frames, "CHUNK", 32)
    monkeypatch.setattr(module, "CHUNK", 32)
    monkeypatch.setattr(module, "N_TEST", 64)
    folder = tmp_path / "frames" / "Hero"
    folder.mkdir(parents=True)
    for number, name in enumerate(["train-000", "train-001", "test-000", "test-001"]):
        frames._write(squares(32, number), folder / f"{name}.npz")
    return tmp_path


def test_the_largest_size_is_also_tested_on_held_out_places() -> None:
    planned = list(cells(["Pong", "Freeway"], ["pooled"], [10, 20], 2, 5))
    assert Cell("Pong", "pooled", "quadrant", 20, 1, 5) in planned
    assert not any(cell.split == "quadrant" for cell in planned if cell.game == "Freeway")
    assert len(planned) == 2 * (3 + 2)


def test_cells_are_trained_once_and_give_the_same_numbers_again(store: Path) -> None:
    planned = list(cells(["Hero"], ["pooled", "keypoints"], [16, 64], 1, 2))
    told: list[str] = []
    train_cells(planned, store, told.append)
    assert len(told) == len(planned) == 6
    results = [cell.result(store) for cell in planned]
    found = [result for result in results if result is not None]
    assert len(found) == 6
    assert found[0]["coordinates"] == found[2]["coordinates"] == ["player x", "player y"]
    assert 5 < found[2]["n_test"] < 30
    assert found[0]["n_test"] == 64

    train_cells(planned, store, told.append)
    assert len(told) == 6
    planned[1].path(store).unlink()
    train_cells(planned, store, told.append)
    again = planned[1].result(store)
    assert again is not None
    assert (again["pixels"], again["r2"]) == (found[1]["pixels"], found[1]["r2"])
    assert len(told) == 7
    other = Cell("Hero", "pooled", "games", 16, 0, n_updates=3)
    assert other.result(store) is None


def test_held_out_places_are_not_trained_on_and_alone_are_tested(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Frames] = []

    def learn(arm: str, train: Frames, seed: int, n_updates: int) -> str:
        seen.append(train)
        return arm

    def name(namer: str, images: Any) -> Any:
        seen.append(Frames(images, np.zeros((len(images), 2))))
        return np.zeros((len(images), 2))

    monkeypatch.setattr(module, "learn", learn)
    monkeypatch.setattr(module, "name", name)
    train, test = squares(200), squares(100, seed=9)
    module.train_cell(Cell("Hero", "pooled", "quadrant", 200, 0, 1), train, test)
    middle = np.nanmedian(np.concatenate([train.places, test.places]), axis=0)
    trained, tested = seen
    assert not (trained.places > middle).all(1).any()
    assert len(trained) == 200 - (train.places > middle).all(1).sum()
    bright = [np.argwhere(image[-1] == 255).mean(0)[::-1] for image in tested.images]
    assert (np.array(bright) > middle).all()
    assert len(bright) == (test.places > middle).all(1).sum()


def result(arm: str, seed: int, size: int, pixels: float, r2: float) -> dict[str, object]:
    cell = {"game": "Pong", "arm": arm, "split": "games", "n_frames": size, "seed": seed}
    return {**cell, "coordinates": ["ball x", "ball y"], "pixels": [pixels, 1.0], "r2": [r2, -2.0]}


RESULTS = [
    result(arm, seed, size, 10 / size + seed, r2 + 0.001 * seed)
    for arm, r2 in (("pooled", 0.1), ("coord-pooled", 0.9))
    for seed in range(5)
    for size in (1, 2)
]


def test_results_are_compared_with_frames_as_timesteps(tmp_path: Path) -> None:
    write_returns(RESULTS, tmp_path / "returns.csv")
    rows = list(csv.DictReader((tmp_path / "returns.csv").open()))
    assert rows[0] == {
        **{"game": "Pong places", "algorithm": "held-out games", "arm": "pooled"},
        **{"seed": "0", "step": "1", "return": "0.05"},  # a negative R2 counts as none
    }
    comparison = compare_runs(
        tmp_path / "returns.csv", output=tmp_path / "comparison", baseline="pooled"
    )
    assert (tmp_path / "comparison" / "report.html").exists()
    assert "better" in repr(comparison)


def test_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no results"):
        write_returns([], tmp_path / "returns.csv")


def test_the_page_has_the_means_over_seeds(tmp_path: Path) -> None:
    page = save_page(RESULTS, tmp_path).read_text()
    assert mean_pixels(RESULTS, arm="pooled", n_frames=1) == ((12 + 1) / 2, 5)
    assert "<td>pooled</td><td>6.5</td><td>4.0</td><td>5</td>" in page
    assert (tmp_path / "Pong.svg").exists()
    assert save_page(RESULTS, tmp_path).read_text() == page


def test_pictures_have_a_cross_at_each_object(tmp_path: Path) -> None:
    assert run_command(main, ["pictures", "--games", "Pong", "-o", str(tmp_path)]) == 0
    with Image.open(tmp_path / "Pong.png") as sheet:
        assert sheet.size == (10 * 320, 5 * 420)
        colours = {colour for _, colour in sheet.getcolors(2**20)}
    assert {(255, 0, 255), (0, 255, 255)} <= colours


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["learn", "--games", "Tennis"], "where Tennis's objects are is not known"),
        (["learn", "--arms", "pooledd"], "unknown arm 'pooledd', did you mean pooled"),
        (["learn", "--frames", "0"], "not a whole number"),
    ],
)
def test_what_cannot_be_learned(
    argv: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(main, [*argv, "-o", str(tmp_path / "out")], capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_whole_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["learn", "--games", "Freeway", "--arms", "pooled", "keypoints", "--seeds", "2"]
    arguments += ["--frames", "64", "128", "--updates", "3", "-o", str(tmp_path / "out")]
    assert run_command(main, arguments) == 0
    assert (tmp_path / "out" / "index.html").exists()
    assert (tmp_path / "out" / "comparison" / "report.html").exists()
    first = (tmp_path / "out" / "returns.csv").read_bytes()
    assert run_command(main, arguments) == 0
    assert (tmp_path / "out" / "returns.csv").read_bytes() == first
