import numpy as np
import pytest
from stable_baselines3.common import env_util
from stable_baselines3.common.atari_wrappers import FireResetEnv, NoopResetEnv, StickyActionEnv
from stable_baselines3.common.vec_env import VecFrameStack, VecTransposeImage

from envs import make_atari_env


def test_classic_is_sb3s_own_make_atari_env_to_the_bit() -> None:
    sb3 = env_util.make_atari_env("BreakoutNoFrameskip-v4", 2, seed=3)
    reference = VecTransposeImage(VecFrameStack(sb3, 4))
    env = make_atari_env("Breakout", 2, seed=3, backend="sb3")
    rng = np.random.default_rng(0)
    assert np.array_equal(env.reset(), reference.reset())
    lost_lives = 0
    for _ in range(150):
        actions = rng.integers(4, size=2)
        for ours, theirs in zip(env.step(actions)[:3], reference.step(actions)[:3], strict=True):
            assert np.array_equal(ours, theirs)
        lost_lives += ours.sum()
    assert lost_lives > 2


def test_both_backends_have_the_same_spaces_and_infos() -> None:
    envs = [
        make_atari_env("Breakout", 2, backend=backend, max_frames=400)
        for backend in ("native", "sb3")
    ]
    keys = []
    for env in envs:
        env.reset()
        infos = [{}]
        while "episode" not in infos[0]:
            _, _, _, infos = env.step(np.array([1, 0]))
        keys.append({"lives", "TimeLimit.truncated", "terminal_observation"} & set(infos[0]))
        assert set(infos[0]["episode"]) == {"r", "l", "t"}
    assert keys[0] == keys[1] == {"lives", "TimeLimit.truncated", "terminal_observation"}
    assert envs[0].observation_space == envs[1].observation_space
    assert envs[0].action_space == envs[1].action_space


def test_protocols_choose_sb3s_wrappers() -> None:
    sticky = make_atari_env("Breakout", backend="sb3", protocol="sticky")
    assert sticky.action_space.n == 18
    assert sticky.env_is_wrapped(StickyActionEnv) == [True]
    quiet = make_atari_env("Breakout", backend="sb3", noop_max=0, fire=False)
    for wrapper in (FireResetEnv, NoopResetEnv, StickyActionEnv):
        assert quiet.env_is_wrapped(wrapper) == [False]
    quiet.reset()
    assert quiet.render().shape == (210, 160, 3)


def test_games_without_a_noframeskip_id_run_too() -> None:
    assert make_atari_env("Surround", backend="sb3").reset().shape == (1, 4, 84, 84)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"grayscale": False}, "SB3's wrappers know no colour: use the native backend"),
        ({"n_envs": 0}, "n_envs must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_atari_env("Pong", backend="sb3", **arguments)
