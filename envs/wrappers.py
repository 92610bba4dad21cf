"""Wrappers of Gymnasium environments, named as RL Zoo's ``env_wrapper`` names them."""

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gymnasium as gym

Env = gym.Env[Any, Any]


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
