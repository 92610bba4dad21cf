"""Atari games as Stable-Baselines3 vector environments."""

from typing import Any

from stable_baselines3.common.vec_env import VecEnv

from envs.atari_vec_env import AtariVecEnv
from envs.games import resolve_game
from envs.protocols import Protocol, resolve_protocol
from envs.resumable import ReplayVecEnv
from envs.resumable_atari import ResumableAtariVecEnv
from envs.sb3_atari import make_sb3_atari_env


def make_atari_env(
    game: str,
    n_envs: int = 1,
    seed: int = 0,
    protocol: str | Protocol = "classic",
    *,
    num_threads: int = 1,
    backend: str = "native",
    resumable: bool = False,
    **settings: Any,
) -> VecEnv:
    """Make a vector of Atari games that SB3 trains on as it is.

    :param game: any usual name, such as ``"Pong"``, ``"ms_pacman"`` or ``"PongNoFrameskip-v4"``
    :param seed: seed of the run, at least 0
    :param protocol: ``"classic"`` (SB3's ``AtariWrapper``), ``"sticky"`` (Machado et al. 2018) or
        a :class:`~envs.protocols.Protocol`
    :param num_threads: threads that step native environments; they do not change the result
    :param backend: ``"native"`` (:class:`~envs.atari_vec_env.AtariVecEnv`) or ``"sb3"``, SB3's own
        wrappers in one thread: slower, and the reference (``docs/atari.md`` lists what differs)
    :param resumable: whether the games can be put back where a run was interrupted, see
        :class:`~envs.resumable.Resumable`
    :param settings: fields of :class:`~envs.protocols.Protocol` to set differently, such as
        ``frame_stack=1``
    :raises ValueError: if the game, the protocol, the backend or a setting is unknown or out of
        range
    """
    found = resolve_game(game)
    rules = resolve_protocol(protocol, **settings)
    if backend == "native":
        native = ResumableAtariVecEnv if resumable else AtariVecEnv
        return native(found, n_envs, seed, rules, num_threads)
    if backend == "sb3":
        venv = make_sb3_atari_env(found, n_envs, seed, rules)
        return ReplayVecEnv(venv) if resumable else venv
    raise ValueError(f"unknown backend {backend!r}: choose native or sb3")
