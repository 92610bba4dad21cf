import itertools
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import pytest
import torch

from coordrl import CoordNatureCNN
from envs.not_so_clevr import Rules, make_rules

SPLITS = ("uniform", "quadrant")


def places(**settings: Any) -> set[tuple[int, int]]:
    return {(row, column) for row, column in Rules(**settings).places.tolist()}


def phases(rules: Rules) -> npt.NDArray[np.int64]:
    return rules.places % 8 @ np.array([8, 1])


def pooled_features(rules: Rules, phase: int, **settings: Any) -> torch.Tensor:
    """Features of all pictures of a phase, from a pooled NatureCNN without coordinates."""
    size = rules.canvas_size
    space = gym.spaces.Box(0, 255, shape=(1, size, size), dtype=np.uint8)
    torch.manual_seed(0)
    extractor = CoordNatureCNN(space, pool="avg", **{"coord_layers": (), **settings})
    pictures = torch.from_numpy(rules.draw(np.flatnonzero(phases(rules) == phase)))
    with torch.no_grad():
        return extractor(pictures[:, None] / 255)


def test_the_default_is_a_grid_of_nine_cells_with_centres_from_40_to_87() -> None:
    rules = Rules()
    assert (rules.cell_size, rules.n_actions, len(rules.places)) == (16, 9, 48 * 48)
    centres = rules.places + rules.margin + rules.square_size // 2
    assert (centres.min(), centres.max()) == (40, 87)
    assert rules.cells[0] == 0
    assert rules.cells[15] == 0
    assert rules.cells[16] == 1
    assert rules.cells[16 * 48] == 3
    assert rules.cells[-1] == 8


@pytest.mark.parametrize(
    "settings", [{}, {"square_size": 4, "canvas_size": 123}, {"grid": 2, "margin": 44}]
)
def test_a_picture_shows_one_square_a_receptive_field_from_every_border(
    settings: dict[str, int],
) -> None:
    rules = Rules(**settings)
    for picture, (row, column) in zip(
        rules.draw(np.array([0, len(rules.places) - 1])), rules.places[[0, -1]], strict=True
    ):
        rows, columns = (np.flatnonzero(picture.any(axis)) for axis in (1, 0))
        assert (rows[0], columns[0]) == (rules.margin + row, rules.margin + column)
        assert len(rows) == len(columns) == rules.square_size
        assert (picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 255).all()
        assert picture.astype(int).sum() == 255 * rules.square_size**2
        for pixels in (rows, columns):
            assert pixels[0] >= 36
            assert rules.canvas_size - 1 - pixels[-1] >= 36


def test_what_a_pooled_network_sees_without_coordinates_is_the_phase_alone() -> None:
    rules = Rules()
    groups = [pooled_features(rules, phase) for phase in (0, 27, 63)]
    within = max(float((group - group[0]).abs().max()) for group in groups)
    between = min(float((group[0] - groups[0][0]).abs().max()) for group in groups[1:])
    assert within < 1e-6 < 100 * within < between


def test_coordinates_show_the_place_to_a_pooled_network() -> None:
    features = pooled_features(Rules(), 0, coord_layers=(0, 1, 2))
    assert torch.pdist(features).min() > 1e-4


@pytest.mark.parametrize(("grid", "canvas_size"), [(2, 112), (3, 128), (3, 152), (6, 128)])
def test_the_phase_says_nothing_about_the_cell(grid: int, canvas_size: int) -> None:
    parts = ("all", "train", "test") if canvas_size // grid > 30 else ("all",)
    for part in parts:
        rules = Rules(grid=grid, canvas_size=canvas_size, part=part)
        table = np.zeros((64, rules.n_actions), dtype=int)
        np.add.at(table, (phases(rules), rules.cells), 1)
        assert table.min() == table.max() > 0


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_divides_the_places(split: str) -> None:
    train, test = places(split=split, part="train"), places(split=split, part="test")
    assert not train & test
    assert train | test == places(part="all")
    assert len(test) == 48 * 48 / 4


def test_the_quadrant_split_holds_the_lower_right_quarter_out() -> None:
    expected = set(itertools.product(range(24, 48), repeat=2))
    assert places(split="quadrant", part="test") == expected


@pytest.mark.parametrize(("held_out", "n"), [(0.25, 576), (0.5, 1152), (0.75, 1728)])
def test_the_uniform_split_holds_a_part_out_the_same_one_every_time(
    held_out: float, n: int
) -> None:
    test = places(part="test", held_out=held_out)
    assert len(test) == n
    assert test == places(part="test", held_out=held_out)
    assert all(any((row, column) in test for row in range(48)) for column in range(48))


def test_a_hit_pays_one_and_a_miss_nothing() -> None:
    rules = Rules()
    assert np.array_equal(rules.rewards, np.eye(9))
    assert rules.random_score == pytest.approx(1 / 9)
    assert Rules(grid=2, canvas_size=112, episode_steps=10).random_score == pytest.approx(10 / 4)


def test_distance_pays_less_the_farther_away_the_named_cell_is() -> None:
    rewards = Rules(reward="distance").rewards
    assert np.array_equal(np.diag(rewards), np.ones(9))
    assert rewards[0, 8] == rewards[2, 6] == 0
    assert rewards[0, 4] == pytest.approx(0.5)
    assert rewards[0, 1] == pytest.approx(1 - 1 / 8**0.5)
    assert np.array_equal(rewards, rewards.T)


@pytest.mark.parametrize("reward", ["hit", "distance"])
@pytest.mark.parametrize("settings", [{}, {"split": "quadrant", "part": "test"}])
def test_the_random_score_is_the_mean_of_random_answers(
    reward: str, settings: dict[str, str]
) -> None:
    rules = Rules(reward=reward, **settings)
    rng = np.random.default_rng(0)
    shown, actions = rng.integers(len(rules.places), size=100_000), rng.integers(9, size=100_000)
    mean = rules.rewards[rules.cells[shown], actions].mean()
    assert rules.random_score == pytest.approx(mean, abs=0.005)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gird": 3}, "unknown Not-so-Clevr setting 'gird': did you mean grid"),
        ({"zzz": 3}, "unknown Not-so-Clevr setting 'zzz': choose from canvas_size, square_size"),
        ({"grid": 1}, "grid must be at least 2, got 1"),
        ({"grid": 17}, "grid must be at most 16, got 17"),
        ({"grid": 2.5}, "grid must be a whole number, got 2.5"),
        ({"grid": True}, "grid must be a whole number, got True"),
        ({"grid": None}, "grid must be a whole number, got None"),
        ({"grid": 5}, "do not fill: use canvas_size 120, or another grid"),
        ({"canvas_size": 84}, "leaves a square 4 places a side.*use canvas_size 104, or"),
        ({"canvas_size": 64}, "leaves a square 0 places a side"),
        ({"canvas_size": 2048}, "canvas_size must be at most 1024, got 2048"),
        ({"margin": 35}, "margin must be at least 36, got 35"),
        ({"margin": 1000}, "do not fill: use another grid, margin or square_size"),
        ({"square_size": 0}, "square_size must be at least 1, got 0"),
        ({"episode_steps": 0}, "episode_steps must be at least 1, got 0"),
        ({"part": "tset"}, "part must be all or train or test, got 'tset'"),
        ({"split": "random"}, "split must be uniform or quadrant, got 'random'"),
        ({"reward": "sparse"}, "reward must be hit or distance, got 'sparse'"),
        ({"held_out": float("nan")}, "held_out must be above 0 and below 1, got nan"),
        ({"held_out": 1}, "held_out must be above 0 and below 1, got 1"),
        ({"held_out": "half"}, "held_out must be a number, got 'half'"),
        ({"held_out": 0.1, "part": "train"}, "held_out 0.1 of the 4 places.*none or all"),
        ({"grid": 6, "part": "test"}, "held_out 0.25 of the 1 places.*split quadrant"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_rules(**settings)
