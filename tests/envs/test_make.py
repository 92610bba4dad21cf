import sys
from collections.abc import Callable
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3 import A2C

from envs import AtariVecEnv, make_env, resolve_env_id


class Dots(gym.Env[np.ndarray, int]):
    """A random colour picture a step, eight steps an episode."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's form)
    observation_space = spaces.Box(0, 255, (48, 40, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._picture(), {}

    def step(self, action):
        self.steps += 1
        return self._picture(), float(action), self.steps == 8, False, {}

    def _picture(self):
        return self.np_random.integers(256, size=(48, 40, 3), dtype=np.uint8)


@pytest.fixture
def dots(monkeypatch: pytest.MonkeyPatch):
    gym.register(id="Dots-v0", entry_point=Dots)
    yield "Dots-v0"
    del gym.registry["Dots-v0"]


def test_atari_games_run_natively() -> None:
    env = make_env("PongNoFrameskip-v4", 2, protocol="sticky", frame_stack=2, screen_size=64)
    assert isinstance(env, AtariVecEnv)
    assert env.observation_space.shape == (2, 64, 64)
    assert env.action_space.n == 18


@pytest.mark.parametrize(("frame_stack", "channels"), [(1, 3), (4, 12)])
def test_other_games_go_through_sb3(dots: str, frame_stack: int, channels: int) -> None:
    env = make_env(dots, 2, seed=3, frame_stack=frame_stack)
    assert env.observation_space.shape == (channels, 48, 40)
    model = A2C("CnnPolicy", env, seed=0, device="cpu").learn(40)
    assert model.get_env() is env
    assert [episode["l"] for episode in model.ep_info_buffer] == [8] * 4


def test_other_games_are_seeded(dots: str) -> None:
    first, again, other = (make_env(dots, 2, seed=seed).reset() for seed in (3, 3, 9))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_id_may_name_the_module_that_registers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dots_module.py").write_text(
        "import gymnasium\n"
        f"gymnasium.register(id='ModuleDots-v0', entry_point='{Dots.__module__}:Dots')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve_env_id("dots_module:ModuleDots-v0") == "dots_module:ModuleDots-v0"
    assert make_env("dots_module:ModuleDots-v0").observation_space.shape == (12, 48, 40)
    del gym.registry["ModuleDots-v0"], sys.modules["dots_module"]


@pytest.mark.parametrize("env_id", ["PongNoFrameskip-v4", "pong", "ALE/Pong-v5"])
def test_an_atari_game_is_resolved_to_its_name(env_id: str) -> None:
    assert resolve_env_id(env_id) == "Pong"


def test_another_id_stays_as_it_is(dots: str) -> None:
    assert resolve_env_id(dots) == dots
    assert resolve_env_id(f"{Dots.__module__}:{dots}") == f"{Dots.__module__}:{dots}"


@pytest.mark.parametrize(
    ("wrapper", "shape"),
    [
        ("gymnasium.wrappers.GrayscaleObservation", None),
        ({"gymnasium.wrappers.GrayscaleObservation": {"keep_dim": True}}, (1, 48, 40)),
        (
            [
                "gymnasium.wrappers.GrayscaleObservation",
                {"gymnasium.wrappers.ReshapeObservation": {"shape": (48, 40, 1)}},
            ],
            (1, 48, 40),
        ),
    ],
)
def test_wrappers_are_named_as_in_rl_zoo(dots: str, wrapper: object, shape: object) -> None:
    def make() -> gym.Space:
        return make_env(dots, 2, frame_stack=1, env_wrapper=wrapper).observation_space

    if shape is None:
        with pytest.raises(ValueError, match=r"but Box.*ReshapeObservation"):
            make()
    else:
        assert make().shape == shape


@pytest.mark.parametrize(
    ("wrapper", "says"),
    [
        ("Gray", "'Gray' is no path such as package.module.Wrapper"),
        ([3], "3 is no path such as"),
        ("gymnasium.wrappers.Grey", "cannot import gymnasium.wrappers.Grey"),
    ],
)
def test_a_wrong_wrapper_is_refused(dots: str, wrapper: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make_env(dots, env_wrapper=wrapper)


def test_an_environment_without_images_is_refused() -> None:
    with pytest.raises(ValueError, match="CartPole-v1 has no image observations"):
        make_env("CartPole-v1")


@pytest.mark.parametrize("resolve", [resolve_env_id, make_env])
@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("CartPloe-v1", "unknown environment 'CartPloe-v1': did you mean CartPole-v1"),
        ("Pnog", "unknown environment 'Pnog': did you mean Pong"),
        ("ALE/Pnog-v5", "unknown environment 'ALE/Pnog-v5': did you mean ALE/Pong-v5"),
        ("nowhere:Game-v0", "cannot make environment 'nowhere:Game-v0': No module named"),
    ],
)
def test_an_unknown_environment_is_refused(
    resolve: Callable[[str], object], env_id: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        resolve(env_id)


def test_images_too_small_to_tell_their_channels_are_refused(dots: str) -> None:
    small = {"gymnasium.wrappers.ResizeObservation": {"shape": (7, 7)}}
    with pytest.raises(ValueError, match=r"images of 7 x 7 x 3 are too small for 3 channels of 4"):
        make_env(dots, env_wrapper=small)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_envs": 0}, "n_envs must be at least 1, got 0"),
        ({"frame_stack": 0}, "frame_stack must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"screen_size": 64}, "cannot make environment 'Dots-v0': .* argument 'screen_size'"),
    ],
)
def test_wrong_settings_are_refused(dots: str, settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_env(dots, **settings)
