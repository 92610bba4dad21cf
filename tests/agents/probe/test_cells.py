import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agents.probe import cells as module
from agents.probe import frames
from agents.probe.cells import Cell, cells, train_cells
from agents.probe.command import ARMS, SIZES, main
from agents.probe.frames import Frames
from agents.probe.page import save_page
from agents.probe.verdicts import compare_with_controls, conditions, controlled, over_games
from common.command_line import BAD_INPUT, run_command
from common.errors import UsageError
from coordrl.compare.statistics.permutation import smallest_permutation_p
from tests.agents.probe.squares import squares
from tests.agents.runs import refused


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with frames of squares in place of a game with one object."""
    for name, value in (("CHUNK", 32), ("N_TEST", 64), ("FEWEST_HELD_OUT", 4)):
        monkeypatch.setattr(frames, name, value)
    monkeypatch.setattr(module, "CHUNK", 32)
    folder = tmp_path / "frames" / "Hero"
    folder.mkdir(parents=True)
    for number, name in enumerate(["train-000", "train-001", "test-000", "test-001"]):
        frames._write(squares(32, number), folder / f"{name}.npz")
    return tmp_path


def test_all_arms_and_sizes_are_planned_for_every_game_and_seed() -> None:
    planned = list(cells(["Pong", "Freeway"], ["pooled", "coord"], [10, 20], 2, 5))
    assert Cell("Freeway", "coord", 20, 1000, 101, 5) in planned
    assert len(set(planned)) == len(planned) == 2 * 2 * 2 * 2
    assert [cell.seed for cell in planned[:5]] == [100, 100, 100, 100, 101]


def test_cells_are_trained_once_and_give_the_same_numbers_again(store: Path) -> None:
    planned = list(cells(["Hero"], ["pooled", "keypoints"], [16, 64], 1, 2))
    told: list[str] = []
    train_cells(planned, store, told.append)
    assert len(told) == len(planned) == 4
    found = [result for cell in planned if (result := cell.result(store)) is not None]
    assert len(found) == 4
    for result in found:
        assert result["shown"]["coordinates"] == ["player x", "player y"]
        assert result["never_shown"]["coordinates"] == ["player x", "player y"]
        n_tested = [result[kind]["n_frames"] for kind in ("shown", "never_shown")]
        # Every tenth square is missing, and black images are alike.
        assert sum(n_tested) + result["n_identical_left_out"] == 64
        assert result["n_identical_left_out"] >= 6
        assert 4 <= n_tested[1] < 30
        assert result["learning_rate"] == 1e-3
        assert set(result["builds"]) >= {"torch", "ale-py", "commit"}
        assert result["trained_on"]["n_frames"] == result["n_trained"]
    assert found[0]["n_trained"] == 16
    assert 16 < found[1]["n_trained"] < 64

    train_cells(planned, store, told.append)
    assert len(told) == 4
    planned[1].path(store).unlink()
    train_cells(planned, store, told.append)
    again = planned[1].result(store)
    assert again is not None
    assert (again["shown"], again["never_shown"]) == (found[1]["shown"], found[1]["never_shown"])
    assert len(told) == 5
    with pytest.raises(
        UsageError, match=r"is of another training \(n_updates 2, now 3\).*--output"
    ):
        Cell("Hero", "pooled", 16, 64, 100, n_updates=3).result(store)


def trainings(store: Path, monkeypatch: pytest.MonkeyPatch, planned: list[Cell]) -> list[Frames]:
    """Return what cells learn from, and are tested on, in place of training them."""
    seen: list[Frames] = []

    def learn(arm: str, train: Frames, *_: Any) -> str:
        seen.append(train)
        return arm

    def name(_: str, images: Any) -> Any:
        seen.append(Frames(images, np.zeros((len(images), 2)), np.zeros((len(images), 4, 2))))
        return np.zeros((len(images), 2))

    monkeypatch.setattr(module, "learn", learn)
    monkeypatch.setattr(module, "name", name)
    train_cells(planned, store, lambda _: None)
    return seen


def test_few_frames_are_a_part_of_many_and_other_ones_for_another_seed(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Black images, of squares that are missing, are alike.
    few, _, _, many, tested, _ = trainings(
        store, monkeypatch, list(cells(["Hero"], ["pooled"], [8, 64], 1, 1))
    )
    all_of = {image.tobytes() for image in many.images}
    assert all(image.tobytes() in all_of for image in few.images)
    assert not any(image.tobytes() in all_of for image in tested.images)
    other = Cell("Hero", "pooled", 8, 64, seed=1, n_updates=1)
    assert not np.array_equal(trainings(store, monkeypatch, [other])[0].images, few.images)


def test_held_out_places_are_not_trained_on_and_alone_are_tested(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = Cell("Hero", "pooled", 64, 64, 0, 1)
    trained, tested, _ = trainings(store, monkeypatch, [cell])
    result = cell.result(store)
    assert result is not None
    places_trained = np.concatenate([squares(32, number).places for number in range(2)])
    middle = np.nanmedian(places_trained, axis=0)
    assert not (trained.places > middle).all(1).any()
    bright = [np.argwhere(image[-1] == 255) for image in tested.images]
    places = np.array([where.mean(0)[::-1] for where in bright if len(where)])
    low_right = (places > middle).all(1)
    assert result["never_shown"]["n_frames"] == low_right.sum()
    # The average of training has no skill, (0, 0) the errors that the places themselves are.
    known = np.nanmean(trained.places, axis=0)
    for kind, which in (("never_shown", low_right), ("shown", ~low_right)):
        of_average = np.abs(places[which] - known).mean(0)
        assert result[kind]["of_average"] == pytest.approx(of_average.tolist())
        skill = 1 - places[which].mean(0).sum() / of_average.sum()
        assert result[kind]["skill"] == pytest.approx(skill)
    assert result["never_shown"]["pixels"] == pytest.approx(places[low_right].mean(0).tolist())
    assert result["shown"]["pixels"] == pytest.approx(places[~low_right].mean(0).tolist())


def result(game: str, arm: str, seed: int, n_frames: int, skill: float) -> dict[str, Any]:
    errors = {
        "pixels": [10.0 - 8 * skill, 1.0, None],
        "spread": [9.0 * (arm != "standard"), 0.1, None],
    }
    errors |= {"coordinates": ["ball x", "ball y", "player x"]}
    told = {**errors, "skill": skill, "n_frames": 4_000}
    kinds = {"trained_on": told, "shown": told}
    if game != "Freeway":
        kinds["never_shown"] = told
    cell = {"game": game, "arm": arm, "seed": seed, "n_frames": n_frames, "n_updates": 4000}
    facts = {"n_trained": n_frames, "n_identical_left_out": 3, "builds": {"torch": "2.13.0"}}
    return {**cell, **facts, **kinds}


RESULTS = [
    result(game, arm, seed, n_frames, skill + 0.001 * seed + 0.1 * (game == "Pong"))
    for arm, skill in (("pooled", 0.1), ("coord-pooled", 0.8), ("standard", 0.5))
    for game in ("Freeway", "Pong")
    for seed in range(6)
    for n_frames in (1, 2)
]


def test_skill_is_a_mean_over_games_of_those_seeds_that_have_all() -> None:
    assert over_games(RESULTS, "shown", 1)["pooled", 2] == pytest.approx(0.152)
    assert over_games(RESULTS, "never_shown", 1)["pooled", 2] == pytest.approx(0.202)
    first = RESULTS[0]
    assert (first["arm"], first["seed"]) == ("pooled", 0)
    assert ("pooled", 0) not in over_games(RESULTS[1:], "shown", first["n_frames"])
    assert conditions(RESULTS) == [(n, t) for n in (1, 2) for t in ("shown", "never_shown")]


def test_arms_are_compared_with_their_controls() -> None:
    found = compare_with_controls(RESULTS)
    assert list(found) == ["pooled"]
    assert [one.name.split(":")[0] for one in found["pooled"]] == [
        f"{n} frames, places {kind}" for n in (1, 2) for kind in ("shown", "never shown")
    ]
    assert {one.verdict for one in found["pooled"]} == {"better"}
    assert {one.margin for one in found["pooled"]} == {0.05}
    assert compare_with_controls([row for row in RESULTS if row["arm"] != "pooled"]) == {}


def test_one_arm_can_be_the_control_of_all() -> None:
    found = compare_with_controls(RESULTS, "coord-pooled")
    assert list(found) == ["coord-pooled"]
    arms = dict.fromkeys(row["arm"] for row in RESULTS)
    assert len(found["coord-pooled"]) == 4 * (len(arms) - 1)
    assert all(one.name.endswith(" and coord-pooled") for one in found["coord-pooled"])


def test_a_control_that_is_not_trained_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--control constant is not among --arms: add it there"):
        main(["learn", "--control", "constant", "--output", str(tmp_path / "probe")])
    assert not (tmp_path / "probe").exists()


def test_six_seeds_are_enough_for_verdicts_on_the_arms_by_default() -> None:
    controls = controlled(ARMS)
    assert set(controls) == {"standard", "pooled"}
    for arms in controls.values():
        n_comparisons = len(arms) * len(SIZES) * len(module.TESTS)
        assert n_comparisons * smallest_permutation_p(6, 6) < 0.05


def test_the_page_has_errors_and_findings(tmp_path: Path) -> None:
    found = compare_with_controls(RESULTS)
    page = save_page(RESULTS, found, len(RESULTS), tmp_path).read_text()
    assert (
        '<td class="nowrap">standard</td><td class="nowrap">0.55 (0.55 to 0.55), 6 seeds</td>'
        in page
    )
    assert "coord-pooled and pooled: skill 0.85 and 0.15, difference 0.70" in page
    assert "No places were held out in Freeway." in page
    assert "4,000 minibatches of 8" in page
    assert "Learned from 1 and 2 frames, tested on 4,000 shown and 4,000 never shown; 3 of" in page
    assert (
        page.count("one place for all images: standard (6 with 1 frames), standard (6 with 2") == 2
    )
    # The mean over seeds of Pong's skill, and of what its first coordinate is off.
    assert '<td class="nowrap">0.20 (0.20 to 0.21)</td>' in page
    assert '<td class="nowrap">pooled</td><td class="nowrap">8.4</td>' in page
    assert "torch 2.13.0 (72 trainings)" in page
    assert "trainings are finished" not in page
    assert (tmp_path / "skill.svg").exists()
    assert save_page(RESULTS, found, len(RESULTS), tmp_path).read_text() == page
    assert "72 of 73 trainings are finished" in save_page(RESULTS, {}, 73, tmp_path).read_text()


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
        (["learn", "--frames", "100001"], "give 100,000 at most"),
    ],
)
def test_what_cannot_be_learned(
    argv: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(main, [*argv, "-o", str(tmp_path / "out")], capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_whole_command(tmp_path: Path) -> None:
    arguments = ["learn", "--games", "Freeway", "--arms", "pooled", "keypoints", "--seeds", "2"]
    arguments += ["--frames", "64", "128", "--updates", "3", "-o", str(tmp_path / "out")]
    assert run_command(main, arguments) == 0
    assert (tmp_path / "out" / "index.html").exists()
    first = (tmp_path / "out" / "results.json").read_bytes()
    assert len(json.loads(first)["trainings"]) == 8
    assert len(json.loads(first)["comparisons"]["pooled"]) == 2
    assert run_command(main, arguments) == 0
    assert (tmp_path / "out" / "results.json").read_bytes() == first
    # Fewer trainings than there are: their verdicts would be others.
    arguments.remove("keypoints")
    assert run_command(main, arguments) == BAD_INPUT
    assert (tmp_path / "out" / "results.json").read_bytes() == first
