"""Atari under SB3's own wrappers: the reference that the native environments are held against."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
from stable_baselines3.common.atari_wrappers import (
    ClipRewardEnv,
    EpisodicLifeEnv,
    FireResetEnv,
    MaxAndSkipEnv,
    NoopResetEnv,
    StickyActionEnv,
    WarpFrame,
)
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecEnv, VecFrameStack, VecTransposeImage

from envs.checks import check_at_least
from envs.games import Game
from envs.protocols import Protocol

Wrap = Callable[[gym.Env[Any, Any]], gym.Env[Any, Any]]


def make_sb3_atari_env(game: Game, n_envs: int, seed: int, protocol: Protocol) -> VecEnv:
    """Make Atari games the way SB3 and RL Zoo do, in one process.

    Seeds follow SB3's convention, ``seed + environment index``. ``render()`` shows the console's
    own picture in colour, 210 x 160.

    :param n_envs: number of environments, at least 1
    :param seed: seed of the first environment, at least 0
    :param protocol: what defines the environment, in grayscale
    :return: the environments, observations channels first
    :raises ValueError: if the protocol asks for colour, or a number is out of its range
    """
    if not protocol.grayscale:
        raise ValueError("SB3's wrappers know no colour: use the native backend, or grayscale=True")
    check_at_least(1, n_envs=n_envs)
    check_at_least(0, seed=seed)
    venv = make_vec_env(
        # With these settings the same as "<game>NoFrameskip-v4", which not all games have.
        f"ALE/{game.name}-v5",
        n_envs,
        seed,
        wrapper_class=_wrapper(protocol),
        env_kwargs={
            "frameskip": 1,
            "repeat_action_probability": 0.0,
            "full_action_space": protocol.full_action_space,
            "max_num_frames_per_episode": protocol.max_frames,
        },
    )
    return VecTransposeImage(VecFrameStack(venv, protocol.frame_stack))


def _wrapper(protocol: Protocol) -> Wrap:
    """Nest SB3's wrappers in the order of its ``AtariWrapper``, which cannot leave FIRE out."""

    def wrap(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        fires = protocol.fire and "FIRE" in env.unwrapped.get_action_meanings()  # type: ignore[attr-defined]  # an AtariEnv
        if protocol.repeat_action_probability > 0:
            env = StickyActionEnv(env, protocol.repeat_action_probability)
        if protocol.noop_max > 0:
            env = NoopResetEnv(env, protocol.noop_max)
        if protocol.frame_skip > 1:
            env = MaxAndSkipEnv(env, protocol.frame_skip)
        if protocol.terminal_on_life_loss:
            env = EpisodicLifeEnv(env)
        if fires:
            env = FireResetEnv(env)
        env = WarpFrame(env, protocol.screen_size, protocol.screen_size)
        return ClipRewardEnv(env) if protocol.clip_reward else env

    return wrap
