"""Everything that training goes on from, as plain values: what a checkpoint holds of the model.

It is taken and put back between two rollouts, when an update is done and the next rollout has not
looked at its first observation yet (SB3's ``on_rollout_start``).
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs

from common.errors import UsageError
from envs.resumable import ReplayVecEnv, as_resumable

State = dict[str, Any]


def training_state(model: OnPolicyAlgorithm) -> State:
    """Describe how training stands.

    :param model: A model between two rollouts, on resumable environments
    :return: Tensors, numbers, strings, lists and dicts
    """
    assert isinstance(model._last_obs, np.ndarray)
    assert model._last_episode_starts is not None
    assert model.ep_info_buffer is not None
    return {
        "num_timesteps": model.num_timesteps,
        "n_updates": model._n_updates,
        "policy": model.policy.state_dict(),
        "optimizer": model.policy.optimizer.state_dict(),
        "episodes": [{"r": g["r"], "l": g["l"], "t": g["t"]} for g in model.ep_info_buffer],
        "last_obs": torch.from_numpy(model._last_obs.copy(order="K")),
        "last_episode_starts": torch.from_numpy(model._last_episode_starts.copy()),
        "environments": as_resumable(model.get_env()).get_state(),
        "logger": _logger_state(model.logger),
        "random": _random_states(),
    }


def restore_training(
    model: OnPolicyAlgorithm, state: State, replayed: Callable[[int], None], inexact: bool
) -> bool:
    """Put a new model, and its environments, where training stood.

    :param model: A model of the same configuration
    :param state: What :func:`training_state` gave
    :param replayed: Called with the number of steps that the environments have replayed
    :param inexact: Whether environments whose whole past would be replayed begin anew instead
    :return: Whether the environments stand where they stood
    :raises UsageError: If the environments do not come to the same observations
    """
    env, venv = as_resumable(model.get_env()), model.env
    assert venv is not None
    last_obs = state["last_obs"].numpy()
    episode_starts = state["last_episode_starts"].numpy().reshape(venv.num_envs)
    if last_obs.shape != (venv.num_envs, *(model.observation_space.shape or ())):
        raise ValueError(f"last observations of shape {last_obs.shape}")
    if anew := inexact and isinstance(env, ReplayVecEnv):
        seeds = np.random.SeedSequence([model.seed or 0, state["num_timesteps"]])
        env.seed(int(seeds.generate_state(1)[0]))
        observations = env.reset()
        assert isinstance(observations, np.ndarray)
        model._last_obs = observations
        model._last_episode_starts = np.ones(env.num_envs, dtype=bool)
    elif _same(env.set_state(state["environments"], replayed), last_obs):
        model._last_obs = last_obs
        model._last_episode_starts = episode_starts
    else:
        raise UsageError(
            "the environments do not repeat themselves here, so this run cannot be resumed with "
            "the same bits: add --resume-inexactly to go on with new episodes, or delete its "
            "checkpoint folder to start it again"
        )
    model.num_timesteps = state["num_timesteps"]
    model._n_updates = state["n_updates"]
    model.policy.load_state_dict(state["policy"])
    model.policy.optimizer.load_state_dict(state["optimizer"])
    model.ep_info_buffer = deque(state["episodes"], maxlen=model._stats_window_size)
    model.ep_success_buffer = deque(maxlen=model._stats_window_size)
    _restore_logger(model.logger, state["logger"])
    _restore_random_states(state["random"])
    return not anew


def _same(observations: VecEnvObs, others: npt.NDArray[Any]) -> bool:
    return isinstance(observations, np.ndarray) and np.array_equal(observations, others)


def _logger_state(logger: Logger) -> State:
    """Return what was recorded and not written yet."""
    return {
        "values": {name: _plain(value) for name, value in logger.name_to_value.items()},
        "counts": dict(logger.name_to_count),
        "excluded": {name: list(value) for name, value in logger.name_to_excluded.items()},
    }


def _plain(value: Any) -> Any:
    """Keep a NumPy number's type in a tensor: a float32 is written with fewer digits."""
    return torch.from_numpy(np.array(value)) if isinstance(value, np.generic) else value


def _number(value: Any) -> Any:
    return value.numpy()[()] if isinstance(value, torch.Tensor) else value


def _restore_logger(logger: Logger, state: State) -> None:
    logger.name_to_value.update({name: _number(v) for name, v in state["values"].items()})
    logger.name_to_count.update(state["counts"])
    logger.name_to_excluded.update({name: tuple(v) for name, v in state["excluded"].items()})


def _random_states() -> State:
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002  (SB3's)
    keys = numpy_state["state"]["key"]
    return {
        "python": random.getstate(),
        "numpy": {**numpy_state, "state": {**numpy_state["state"], "key": keys.tolist()}},
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _restore_random_states(state: State) -> None:
    generator = state["numpy"]["state"]
    keys = np.array(generator["key"], dtype=np.uint32)
    random.setstate(state["python"])
    np.random.set_state({**state["numpy"], "state": {**generator, "key": keys}})  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
