import io
import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize, VecVideoRecorder

from envs import NotSoClevrVecEnv, game_seed, make_env, resolve_env_id
from envs.not_so_clevr import make_not_so_clevr
from envs.resumable import Resumable

N = 3
LONG = 300  # more than the places that are drawn at a time
QUICK = {"ortho_init": False}  # it takes most of the time of a short test


def actions(steps: int) -> np.ndarray:
    return np.random.default_rng(1).integers(9, size=(steps, N))


def play(env: NotSoClevrVecEnv, chosen: np.ndarray) -> list[Any]:
    """Return everything that can be seen, wall time aside."""
    seen: list[Any] = []
    for row in chosen:
        observations, rewards, dones, infos = env.step(row)
        for info in infos:
            info.get("episode", {}).pop("t", None)
        seen.append((observations.tobytes(), rewards.tolist(), dones.tolist(), repr(infos)))
    return seen


@pytest.mark.parametrize("name", ["NotSoClevr-v0", "envs:NotSoClevr-v0"])
def test_make_env_makes_it(name: str) -> None:
    env = make_env(name, 2, seed=1, protocol="sticky", grid=2, canvas_size=112)
    assert isinstance(env, NotSoClevrVecEnv)
    assert env.observation_space.shape == (1, 112, 112)
    assert env.action_space.n == 4
    assert resolve_env_id(name) == "NotSoClevr-v0"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"episode_steps": 7, "reward": "distance"},
        {"episode_steps": 2, "part": "train", "grid": 2, "canvas_size": 112},
    ],
)
def test_it_plays_what_gymnasiums_environment_plays(settings: dict[str, Any]) -> None:
    env = make_not_so_clevr(N, 5, **settings)
    single = [Monitor(gym.make("NotSoClevr-v0", **settings)) for _ in range(N)]
    pictures = [alone.reset(seed=game_seed(5, i))[0] for i, alone in enumerate(single)]
    assert np.array_equal(env.reset(), np.array(pictures).transpose(0, 3, 1, 2))
    for row in actions(LONG) % env.action_space.n:
        observations, rewards, dones, infos = env.step(row)
        for i, alone in enumerate(single):
            picture, reward, over, _, info = alone.step(row[i])
            assert rewards[i] == np.float32(reward)
            assert dones[i] == over
            if over:
                assert np.array_equal(infos[i]["terminal_observation"][0], picture[..., 0])
                assert infos[i]["episode"]["r"] == info["episode"]["r"]
                assert infos[i]["episode"]["l"] == info["episode"]["l"]
                picture, _ = alone.reset()
            assert ("episode" in infos[i]) == over
            assert np.array_equal(observations[i, 0], picture[..., 0])


def test_observations_and_answers_have_the_declared_form() -> None:
    env = make_not_so_clevr(2, 0)
    assert env.observation_space.contains(env.reset()[0])
    observations, rewards, dones, infos = env.step(np.array([0, 1]))
    assert (observations.shape, observations.dtype) == ((2, 1, 128, 128), np.uint8)
    assert (rewards.dtype, dones.dtype, len(infos)) == (np.float32, np.bool_, 2)
    assert infos[0]["TimeLimit.truncated"] is False


def test_seed_restarts_a_run_and_environments_and_seeds_differ() -> None:
    env = make_not_so_clevr(N, 3)
    first = [env.reset().copy(), *play(env, actions(5))]
    assert env.seed(3) == [game_seed(3, i) for i in range(N)]
    again = [env.reset(), *play(env, actions(5))]
    assert np.array_equal(first[0], again[0])
    assert first[1:] == again[1:]
    pictures = {
        picture.tobytes() for seed in (3, 4) for picture in make_not_so_clevr(N, seed).reset()
    }
    assert len(pictures) == 2 * N


def test_a_second_reset_continues_the_stream() -> None:
    starts = []
    for _ in range(2):
        env = make_not_so_clevr(N, 3)
        starts.append([env.reset().copy() for _ in range(3)])
    assert np.array_equal(*starts)
    assert not np.array_equal(starts[0][0], starts[0][1])


def test_observations_are_not_overwritten_by_later_steps() -> None:
    env = make_not_so_clevr(N, 0)
    first = env.reset()
    copy = first.copy()
    play(env, actions(3))
    assert np.array_equal(first, copy)


@pytest.mark.parametrize("cut", [0, 1, 4, 255, 256, LONG])
def test_a_state_goes_on_with_the_same_bits(cut: int) -> None:
    chosen = actions(LONG + 10)
    env, other = (make_not_so_clevr(N, seed, episode_steps=3) for seed in (7, 8))
    assert isinstance(env, Resumable)
    before = env.reset()
    play(env, chosen[:cut])
    if cut:
        env.seed(7)
        env.reset()
        play(env, chosen[: cut - 1])
        before = env.step(chosen[cut - 1])[0]
    file = io.BytesIO()
    torch.save(env.get_state(), file)
    file.seek(0)
    expected = play(env, chosen[cut:])
    assert np.array_equal(other.set_state(torch.load(file, weights_only=True)), before)
    assert play(other, chosen[cut:]) == expected
    assert other.reset().tobytes() == env.reset().tobytes()


def test_a_state_that_cannot_be_is_refused() -> None:
    env = make_not_so_clevr(2, 0)
    with pytest.raises(RuntimeError, match="no state before the first reset"):
        env.get_state()
    env.reset()
    with pytest.raises(ValueError, match="the state of 2 environments, not 3"):
        make_not_so_clevr(3, 0).set_state(env.get_state())


@pytest.mark.parametrize(
    ("algorithm", "settings"),
    [(A2C, {"n_steps": 4}), (PPO, {"n_steps": 8, "batch_size": 16, "n_epochs": 1})],
)
def test_sb3_trains_deterministically(algorithm: type[A2C | PPO], settings: dict[str, int]) -> None:
    weights = []
    for _ in range(2):
        env = make_not_so_clevr(2, 0)
        model = algorithm("CnnPolicy", env, seed=1, device="cpu", policy_kwargs=QUICK, **settings)
        model.learn(32)
        assert model.get_env() is env  # nothing to wrap: channels come first
        assert [game["l"] for game in model.ep_info_buffer] == [1] * 32
        weights.append(model.policy.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_sb3_evaluates_without_warnings() -> None:
    model = A2C("CnnPolicy", make_not_so_clevr(2, 0), seed=0, device="cpu", policy_kwargs=QUICK)
    held_out = make_not_so_clevr(2, 0, part="test", episode_steps=4)
    callback = EvalCallback(held_out, n_eval_episodes=3, eval_freq=5, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.learn(10, callback=callback)
        returns, lengths = evaluate_policy(model, held_out, 3, return_episode_rewards=True)
    assert lengths == [4, 4, 4]
    assert 0 <= min(returns) <= max(returns) <= 4
    assert 0 <= callback.last_mean_reward <= 4


def test_sb3s_wrappers_work(tmp_path: Path) -> None:
    env = VecNormalize(make_not_so_clevr(2, 0), norm_obs=False)
    A2C("CnnPolicy", env, seed=0, device="cpu", policy_kwargs=QUICK).learn(40)
    assert env.ret_rms.count > 40
    assert VecFrameStack(make_not_so_clevr(2, 0), 4).reset().shape == (2, 4, 128, 128)
    recorder = VecVideoRecorder(
        make_not_so_clevr(2, 0), str(tmp_path), lambda step: step == 0, video_length=5
    )
    recorder.reset()
    for row in actions(6):
        recorder.step(row[:2])
    recorder.close()
    assert [file.suffix for file in tmp_path.iterdir()] == [".mp4"]


def test_sb3_may_ask_what_the_environments_are() -> None:
    env = make_not_so_clevr(2, 0)
    observations = env.reset()
    assert env.get_attr("render_mode") == ["rgb_array"] * 2
    assert env.get_attr("rules", indices=1)[0].n_actions == 9
    assert env.env_is_wrapped(Monitor) == [True, True]
    assert env.env_is_wrapped(gym.wrappers.TimeLimit, indices=[0]) == [False]
    assert env.render().shape == (256, 128, 3)  # SB3 tiles the games
    assert np.array_equal(env.env_method("render", indices=1)[0][..., 2], observations[1, 0])
    env.close()
    env.close()


def test_what_cannot_be_done_is_said() -> None:
    env = make_not_so_clevr(2, 0)
    with pytest.raises(AttributeError, match="no attribute 'lives': choose from render_mode"):
        env.get_attr("lives")
    with pytest.raises(AttributeError, match=r"cannot set 'rules'.*make_env"):
        env.set_attr("rules", None)
    with pytest.raises(AttributeError, match="no method 'jump': choose render"):
        env.env_method("jump")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([0, 9], r"actions must lie in 0..8, got \[0, 9\]"),
        ([0], r"actions must be 2 integers, .* got shape \(1,\)"),
    ],
)
def test_wrong_actions_are_refused(chosen: list[int], message: str) -> None:
    env = make_not_so_clevr(2, 0)
    env.reset()
    with pytest.raises(ValueError, match=message):
        env.step(np.array(chosen))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_envs": 0}, "n_envs must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"frame_stack": 4}, "frame_stack must be 1 in NotSoClevr-v0, got 4"),
        ({"gird": 2}, "unknown Not-so-Clevr setting 'gird': did you mean grid"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_env("NotSoClevr-v0", **settings)
