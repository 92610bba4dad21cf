import warnings
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecEnv, VecNormalize, VecVideoRecorder

from envs import UnknownGameError, make_atari_env


@pytest.mark.parametrize(
    ("algorithm", "settings"),
    [(A2C, {"n_steps": 5}), (PPO, {"n_steps": 8, "batch_size": 16, "n_epochs": 1})],
)
def test_sb3_trains_deterministically(
    algorithm: type[BaseAlgorithm], settings: dict[str, int]
) -> None:
    weights = []
    for _ in range(2):
        env = make_atari_env("Breakout", 2, seed=0)
        model = algorithm("CnnPolicy", env, seed=1, device="cpu", **settings)
        model.learn(80)
        assert model.get_env() is env  # nothing to wrap: channels come first
        weights.append(model.policy.state_dict())
        env.close()
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_evaluation_counts_whole_games_without_warnings() -> None:
    env = make_atari_env("Breakout", 2, seed=0)
    model = PPO("CnnPolicy", env, seed=0, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        returns, lengths = evaluate_policy(
            model, env, n_eval_episodes=2, deterministic=False, return_episode_rewards=True
        )
    assert len(returns) == len(lengths) == 2
    assert min(lengths) > 5 * 4 * 20  # five lives, four frames a step


def test_eval_callback_evaluates_on_an_environment_of_its_own() -> None:
    train, test = (make_atari_env("Breakout", 1, seed=seed) for seed in (0, 1))
    callback = EvalCallback(test, n_eval_episodes=1, eval_freq=20, deterministic=False, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        A2C("CnnPolicy", train, seed=0, device="cpu").learn(20, callback=callback)
    assert np.isfinite(callback.last_mean_reward)


def test_vec_normalize_scales_the_rewards_of_training() -> None:
    env = VecNormalize(make_atari_env("Breakout", 2), norm_obs=False)
    A2C("CnnPolicy", env, seed=0, device="cpu").learn(200)
    assert env.ret_rms.var != 1


@pytest.mark.parametrize("backend", ["native", "sb3"])
def test_vec_video_recorder_writes_a_film(tmp_path: Path, backend: str) -> None:
    pytest.importorskip("moviepy")
    game = make_atari_env("Breakout", 2, backend=backend)
    env = VecVideoRecorder(game, str(tmp_path), lambda step: step == 0, video_length=12)
    env.reset()
    for _ in range(12):
        env.step(np.array([1, 2]))
    env.close()
    (film,) = tmp_path.glob("*.mp4")
    assert film.stat().st_size > 1000


def test_atari_environments_are_vec_envs() -> None:
    assert isinstance(make_atari_env("ALE/Pong-v5"), VecEnv)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_envs": 0}, "n_envs must be at least 1, got 0"),
        ({"num_threads": 0}, "num_threads must be at least 1, got 0"),
        ({"seed": -3}, "seed must be at least 0, got -3"),
        ({"protocol": "machado"}, "choose classic or sticky"),
        ({"backend": "envpool"}, "unknown backend 'envpool': choose native or sb3"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_atari_env("Pong", **arguments)


def test_an_unknown_game_is_refused() -> None:
    with pytest.raises(UnknownGameError, match="did you mean Breakout"):
        make_atari_env("Braekout")
