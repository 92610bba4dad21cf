"""Not-so-Clevr as a game: the laboratory's positive control for position in networks."""

import gymnasium as gym

from envs.not_so_clevr.env import NotSoClevrEnv
from envs.not_so_clevr.rules import Rules, make_rules
from envs.not_so_clevr.vec_env import NotSoClevrVecEnv

NOT_SO_CLEVR = "NotSoClevr-v0"

gym.register(id=NOT_SO_CLEVR, entry_point="envs.not_so_clevr:NotSoClevrEnv")


def is_not_so_clevr(env_id: str) -> bool:
    """Whether a name belongs to the game.

    :param env_id: any environment id or game name
    :return: True for ``"NotSoClevr-v0"`` and ``"envs:NotSoClevr-v0"``
    """
    return env_id.removeprefix("envs:") == NOT_SO_CLEVR


def make_not_so_clevr(n_envs: int = 1, seed: int = 0, **settings: object) -> NotSoClevrVecEnv:
    """Make a vector of games that SB3 trains on as it is.

    :param n_envs: number of environments, at least 1
    :param seed: seed of the run, at least 0
    :param settings: fields of :class:`Rules`
    :raises ValueError: if a setting is unknown or out of its range
    """
    return NotSoClevrVecEnv(make_rules(**settings), n_envs, seed)


__all__ = [
    "NOT_SO_CLEVR",
    "NotSoClevrEnv",
    "NotSoClevrVecEnv",
    "Rules",
    "is_not_so_clevr",
    "make_not_so_clevr",
    "make_rules",
]
