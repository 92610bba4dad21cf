"""Checks of values that a caller gives."""

from collections.abc import Iterable
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt


def check_at_least(minimum: int, **values: int) -> None:
    """Refuse values that are too small.

    :param values: values by the names that the caller knows them by
    :raises ValueError: naming the first that is too small
    """
    for name, value in values.items():
        if value < minimum:
            raise ValueError(f"{name} must be at least {minimum}, got {value}")


def check_at_most(maximum: int, **values: int) -> None:
    """Refuse values that are too large.

    :param values: values by the names that the caller knows them by
    :raises ValueError: naming the first that is too large
    """
    for name, value in values.items():
        if value > maximum:
            raise ValueError(f"{name} must be at most {maximum}, got {value}")


def check_choice(choices: Iterable[str], **values: str) -> None:
    """Refuse values that are none of the choices.

    :param values: values by the names that the caller knows them by
    :raises ValueError: naming the first that is no choice
    """
    allowed = list(choices)
    for name, value in values.items():
        if value not in allowed:
            raise ValueError(f"{name} must be {' or '.join(allowed)}, got {value!r}")


def check_types(settings: Any) -> None:
    """Refuse settings of another type than they are declared with.

    :param settings: a dataclass of booleans, whole numbers, numbers and texts
    :raises ValueError: naming the first setting of a wrong type
    """
    expected: dict[Any, tuple[type, str]] = {
        bool: (bool, "true or false"),
        int: (Integral, "a whole number"),
        float: (Real, "a number"),
        str: (str, "a text"),
    }
    for field in fields(settings):
        value = getattr(settings, field.name)
        kind, description = expected[field.type]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{field.name} must be {description}, got {value!r}")


def check_actions(actions: npt.ArrayLike, n_envs: int, n_actions: int) -> npt.NDArray[np.int64]:
    """Refuse actions that a vector of environments cannot play.

    :param actions: one action an environment, shape (n_envs,)
    :param n_actions: number of actions there are
    :raises ValueError: if shape, type or range are wrong
    """
    chosen = np.asarray(actions)
    if chosen.shape != (n_envs,) or chosen.dtype.kind not in "iu":
        raise ValueError(
            f"actions must be {n_envs} integers, one an environment, "
            f"got shape {chosen.shape} of {chosen.dtype}"
        )
    listed = chosen.tolist()
    if min(listed) < 0 or max(listed) >= n_actions:
        raise ValueError(f"actions must lie in 0..{n_actions - 1}, got {listed}")
    return chosen.astype(np.int64)
