from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from envs import NotSoClevrEnv


def make(**settings: object) -> NotSoClevrEnv:
    env = gym.make("NotSoClevr-v0", **settings).unwrapped
    assert isinstance(env, NotSoClevrEnv)
    return env


def cell_of(picture: np.ndarray) -> int:
    """Find the default game's cell from the picture alone."""
    row, column = np.argwhere(picture[..., 0])[0] - 36
    return int(row // 16 * 3 + column // 16)


@pytest.mark.parametrize("settings", [{}, {"reward": "distance", "episode_steps": 3}])
def test_gymnasium_accepts_the_environment(settings: dict[str, object]) -> None:
    check_env(gym.make("NotSoClevr-v0", render_mode="rgb_array", **settings).unwrapped)


def test_it_is_registered_under_the_name_of_the_package_too() -> None:
    assert gym.make("envs:NotSoClevr-v0").observation_space.shape == (128, 128, 1)


def test_the_right_cell_is_where_the_square_stands() -> None:
    env = make()
    for seed in range(50):
        picture, _ = env.reset(seed=seed)
        wrong = (cell_of(picture) + 1) % 9
        assert env.step(np.int64(cell_of(picture)))[1:] == (1.0, True, False, {})
        env.reset(seed=seed)
        assert env.step(np.int64(wrong))[1] == 0.0


def test_an_episode_shows_as_many_squares_as_it_has_steps() -> None:
    env = make(episode_steps=4)
    pictures, ends = [env.reset(seed=0)[0]], []
    for _ in range(4):
        picture, reward, over, _, _ = env.step(np.int64(cell_of(pictures[-1])))
        assert reward == 1
        pictures.append(picture)
        ends.append(over)
    assert ends == [False, False, False, True]
    assert np.array_equal(pictures[-1], pictures[-2])  # the last square stays
    assert not any(np.array_equal(*pair) for pair in pairwise(pictures[:4]))


def test_places_follow_the_seed_and_go_on_without_one() -> None:
    one, other = make(), make()
    starts = [one.reset(seed=4)[0], one.reset()[0], one.reset()[0]]
    assert np.array_equal(starts, [other.reset(seed=4)[0], other.reset()[0], other.reset()[0]])
    assert not np.array_equal(starts[0], starts[1])


def test_only_places_of_the_part_are_shown() -> None:
    env = make(split="quadrant", part="test")
    assert {cell_of(env.reset(seed=seed)[0]) for seed in range(100)} == {4, 5, 7, 8}


def test_a_picture_is_shown_as_rgb() -> None:
    env = make(render_mode="rgb_array")
    picture, _ = env.reset(seed=0)
    image = env.render()
    assert image is not None
    assert image.shape == (128, 128, 3)
    assert np.array_equal(image[..., 1], picture[..., 0])
    assert make().render_mode is None


def test_an_action_that_names_no_cell_is_refused() -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"actions must lie in 0..8, got 9"):
        env.step(np.int64(9))


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="did you mean grid"):
        make(gird=3)
