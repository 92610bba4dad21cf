"""Environments with image observations by name, Atari or not."""

import difflib
import importlib
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import gymnasium as gym
from gymnasium import spaces
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.vec_env import VecEnv, VecFrameStack, VecTransposeImage

from envs import games
from envs.atari import make_atari_env
from envs.checks import check_at_least
from envs.games import Game, all_games, is_atari, resolve_game
from envs.not_so_clevr import NOT_SO_CLEVR, is_not_so_clevr, make_not_so_clevr, make_rules
from envs.protocols import Protocol, resolve_protocol
from envs.resumable import ReplayVecEnv

Env = gym.Env[Any, Any]


class UnusableEnvError(ValueError):
    """An environment has no image observations."""


def make_env(
    env_id: str,
    n_envs: int = 1,
    seed: int = 0,
    protocol: str | Protocol = "classic",
    *,
    num_threads: int = 1,
    frame_stack: int | None = None,
    resumable: bool = False,
    **settings: Any,
) -> VecEnv:
    """Make a vector of environments with image observations, channels first.

    Atari games run in ALE's native code (:func:`envs.atari.make_atari_env`), Not-so-Clevr in one
    array (:class:`envs.not_so_clevr.NotSoClevrVecEnv`); any other id goes through SB3's
    ``make_vec_env`` and, as in RL Zoo, ``VecFrameStack``.

    :param env_id: an Atari game by any usual name, or a Gymnasium id, also ``"module:Env-v0"``
    :param seed: seed of the run, at least 0
    :param protocol: protocol of an Atari game; other environments have none and ignore it
    :param num_threads: threads that step Atari games
    :param frame_stack: frames in an observation, at least 1; by default 4, as in RL Zoo, and 1 in
        Not-so-Clevr, which takes no other
    :param resumable: whether the environments can be put back where a run was interrupted, see
        :class:`~envs.resumable.Resumable`
    :param settings: further settings: of an Atari game see :func:`envs.atari.make_atari_env`, of
        Not-so-Clevr :class:`envs.not_so_clevr.Rules`; others go to the environment's constructor,
        but for ``env_wrapper``, one or more wrappers as RL Zoo names them
    :raises ValueError: if there is no such environment, its observations are not images, or a
        setting is wrong
    """
    if frame_stack is None:
        frame_stack = 1 if is_not_so_clevr(env_id) else 4
    if is_not_so_clevr(env_id):
        _check_no_stack(frame_stack)
        return make_not_so_clevr(n_envs, seed, **settings)
    if is_atari(env_id):
        return make_atari_env(
            env_id,
            n_envs,
            seed,
            protocol,
            num_threads=num_threads,
            frame_stack=frame_stack,
            resumable=resumable,
            **settings,
        )
    venv = _make_gymnasium_env(env_id, n_envs, seed, frame_stack, settings)
    return ReplayVecEnv(venv) if resumable else venv


def resolve_env_id(env_id: str) -> str:
    """Look up an environment without making it.

    :param env_id: an Atari game by any usual name, or a Gymnasium id, also ``"module:Env-v0"``
    :return: the Atari game's own name, such as ``"Pong"``, or the Gymnasium id as it is
    :raises ValueError: if there is no such environment
    """
    if is_not_so_clevr(env_id):
        return NOT_SO_CLEVR
    if is_atari(env_id):
        return resolve_game(env_id).name
    module, _, name = env_id.rpartition(":")
    if module and not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"{module!r} in {env_id!r} is no module: write package.module:Env-v0")
    try:
        if module:
            importlib.import_module(module)
        gym.spec(name)
    except ImportError as error:
        raise ValueError(f"cannot make environment {env_id!r}: {error}") from error
    except gym.error.Error as error:
        raise ValueError(_unknown(env_id)) from error
    return env_id


def check_settings(
    env_id: str, protocol: str | Protocol = "classic", *, frame_stack: int, **settings: Any
) -> None:
    """Check an environment's settings without making it.

    What another constructor than ours makes of its settings shows only when it is called.

    :param env_id: an Atari game by any usual name, or a Gymnasium id
    :param protocol: protocol of an Atari game
    :param frame_stack: frames in an observation
    :param settings: further settings, as for :func:`make_env`
    :raises ValueError: if a setting is unknown or out of its range
    """
    if is_not_so_clevr(env_id):
        _check_no_stack(frame_stack)
        make_rules(**settings)
    elif is_atari(env_id):
        resolve_protocol(protocol, frame_stack=frame_stack, **settings)
    else:
        wrapper_paths(settings.get("env_wrapper"))


def reference_scores(env: str | Game, **settings: Any) -> dict[str, float] | None:
    """Scores that tell whether an agent has learned anything, unclipped returns of whole episodes.

    :param env: an Atari game or one of its usual names, or a Gymnasium id
    :param settings: the environment's settings, as for :func:`make_env`
    :return: of an Atari game, ``"random"`` and ``"human"`` of :func:`envs.games.reference_scores`;
        of Not-so-Clevr ``"random"``, the expected return of random actions; None of others
    :raises ValueError: if a setting is wrong
    """
    if isinstance(env, Game) or is_atari(env):
        return games.reference_scores(env)
    if is_not_so_clevr(env):
        return {"random": make_rules(**settings).random_score}
    return None


def wrapper_paths(wrappers: Any) -> dict[str, dict[str, Any]]:
    """Return the dotted paths of wrappers with their arguments, the innermost first.

    :param wrappers: A path, a mapping of a path to its arguments, or a list of such; None for none
    :raises ValueError: If it is something else
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in wrappers if isinstance(wrappers, list) else [wrappers] * (wrappers is not None):
        named = entry if isinstance(entry, dict) else {entry: {}}
        for path, arguments in named.items():
            if not (isinstance(path, str) and path.rpartition(".")[0]):
                raise ValueError(f"env_wrapper: {path!r} is no path such as package.module.Wrapper")
            found[path] = dict(arguments or {})
    return found


def wrapper_class(wrappers: Any) -> Callable[[Env], Env] | None:
    """Import wrappers and return what puts them around an environment.

    :param wrappers: As :func:`wrapper_paths` reads it
    :raises ValueError: If one cannot be imported
    """
    classes = [partial(_import(path), **given) for path, given in wrapper_paths(wrappers).items()]
    return partial(_wrap, classes) if classes else None


def _check_no_stack(frame_stack: int) -> None:
    if frame_stack != 1:
        raise ValueError(
            f"frame_stack must be 1 in {NOT_SO_CLEVR}, got {frame_stack}: "
            "earlier squares say nothing about the present one"
        )


def _make_gymnasium_env(
    env_id: str, n_envs: int, seed: int, frame_stack: int, settings: dict[str, Any]
) -> VecEnv:
    check_at_least(1, n_envs=n_envs, frame_stack=frame_stack)
    check_at_least(0, seed=seed)
    wrap = wrapper_class(settings.pop("env_wrapper", None))
    try:
        with closing(gym.make(env_id, **settings)) as env:
            _check_images(env_id, (env if wrap is None else wrap(env)).observation_space)
        venv: VecEnv = make_vec_env(env_id, n_envs, seed, env_kwargs=settings, wrapper_class=wrap)
    except UnusableEnvError:
        raise
    except gym.error.UnregisteredEnv as error:
        raise ValueError(_unknown(env_id)) from error
    except (gym.error.Error, ImportError, TypeError, ValueError) as error:
        raise ValueError(f"cannot make environment {env_id!r}: {error}") from error
    space = venv.observation_space
    assert isinstance(space, spaces.Box)
    channels_first = is_image_space_channels_first(space)
    *sides, channels = sorted(space.shape, reverse=True)
    if channels * frame_stack >= min(sides):
        venv.close()
        raise ValueError(
            f"{env_id}: images of {' x '.join(map(str, space.shape))} are too small for "
            f"{channels} channels of {frame_stack} frames: SB3 takes the smallest axis for the "
            f"channels, so give larger images or a smaller frame_stack"
        )
    if frame_stack > 1:
        venv = VecFrameStack(venv, frame_stack)
    if not channels_first:
        # SB3 would do the same, but on the training environment only.
        venv = VecTransposeImage(venv)
    return venv


def _check_images(env_id: str, space: spaces.Space[Any]) -> None:
    if isinstance(space, spaces.Box) and is_image_space(space):
        return
    found = f"{env_id} has no image observations, uint8 of three axes and 0 to 255, but {space}"
    hint = "an env_wrapper can choose or make them, such as gymnasium.wrappers.AddRenderObservation"
    if isinstance(space, spaces.Box) and len(space.shape) == 2:
        hint = (
            "an env_wrapper can add an axis for the channel, gymnasium.wrappers.ReshapeObservation"
        )
    raise UnusableEnvError(f"{found}: {hint}")


def _unknown(env_id: str) -> str:
    names = [game.name for game in all_games()] + list(gym.registry)
    nearest = difflib.get_close_matches(env_id, names, n=3)
    hint = f"did you mean {' or '.join(nearest)}?" if nearest else "it is not registered"
    return f"unknown environment {env_id!r}: {hint}"


def _wrap(classes: Sequence[Callable[[Env], Env]], env: Env) -> Env:
    for wrap in classes:
        env = wrap(env)
    return env


def _import(path: str) -> Callable[..., Env]:
    module, _, name = path.rpartition(".")
    try:
        found: Callable[..., Env] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"env_wrapper: cannot import {path}: {error}") from None
    return found
