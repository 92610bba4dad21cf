"""Environments with image observations by name, Atari or not."""

import difflib
import importlib
from typing import Any

import gymnasium as gym
from gymnasium import spaces
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.vec_env import VecEnv, VecFrameStack, VecTransposeImage

from envs.atari import make_atari_env
from envs.checks import check_at_least
from envs.games import all_games, is_atari, resolve_game
from envs.protocols import Protocol


def make_env(
    env_id: str,
    n_envs: int = 1,
    seed: int = 0,
    protocol: str | Protocol = "classic",
    *,
    num_threads: int = 1,
    frame_stack: int = 4,
    **settings: Any,
) -> VecEnv:
    """
    Make a vector of environments with image observations, channels first.

    Atari games run in ALE's native code (:func:`envs.atari.make_atari_env`); any other id goes
    through SB3's ``make_vec_env`` and, as in RL Zoo, ``VecFrameStack``.

    :param env_id: an Atari game by any usual name, or a Gymnasium id, also ``"module:Env-v0"``
    :param n_envs: number of environments
    :param seed: seed of the run, at least 0
    :param protocol: protocol of an Atari game; other environments have none and ignore it
    :param num_threads: threads that step Atari games
    :param frame_stack: frames in an observation, at least 1
    :param settings: further settings of an Atari game, see :func:`envs.atari.make_atari_env`
    :return: the environments
    :raises ValueError: if there is no such environment, its observations are not images, or a
        setting is wrong
    """
    if is_atari(env_id):
        return make_atari_env(
            env_id,
            n_envs,
            seed,
            protocol,
            num_threads=num_threads,
            frame_stack=frame_stack,
            **settings,
        )
    if settings:
        raise ValueError(f"{next(iter(settings))} is a setting of Atari games, {env_id} is none")
    return _make_gymnasium_env(env_id, n_envs, seed, frame_stack)


def resolve_env_id(env_id: str) -> str:
    """
    Look up an environment without making it.

    :param env_id: an Atari game by any usual name, or a Gymnasium id, also ``"module:Env-v0"``
    :return: the Atari game's own name, such as ``"Pong"``, or the Gymnasium id as it is
    :raises ValueError: if there is no such environment
    """
    if is_atari(env_id):
        return resolve_game(env_id).name
    module, _, name = env_id.rpartition(":")
    try:
        if module:
            importlib.import_module(module)
        gym.spec(name)
    except ImportError as error:
        raise ValueError(f"cannot make environment {env_id!r}: {error}") from error
    except gym.error.Error as error:
        raise ValueError(_unknown(env_id)) from error
    return env_id


def _make_gymnasium_env(env_id: str, n_envs: int, seed: int, frame_stack: int) -> VecEnv:
    check_at_least(1, n_envs=n_envs, frame_stack=frame_stack)
    check_at_least(0, seed=seed)
    try:
        venv: VecEnv = make_vec_env(env_id, n_envs, seed)
    except gym.error.UnregisteredEnv as error:
        raise ValueError(_unknown(env_id)) from error
    except (gym.error.Error, ImportError) as error:
        raise ValueError(f"cannot make environment {env_id!r}: {error}") from error
    space = venv.observation_space
    if not (isinstance(space, spaces.Box) and is_image_space(space)):
        venv.close()
        raise ValueError(f"{env_id} has no image observations (uint8, 0 to 255) but {space}")
    if frame_stack > 1:
        venv = VecFrameStack(venv, frame_stack)
    if not is_image_space_channels_first(space):
        # SB3 would do the same, but on the training environment only.
        venv = VecTransposeImage(venv)
    return venv


def _unknown(env_id: str) -> str:
    names = [game.name for game in all_games()] + list(gym.registry)
    nearest = difflib.get_close_matches(env_id, names, n=3)
    hint = f"did you mean {' or '.join(nearest)}?" if nearest else "it is not registered"
    return f"unknown environment {env_id!r}: {hint}"
