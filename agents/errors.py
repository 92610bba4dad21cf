"""What a user can put right, said in one line."""

import re
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError

_PART_OF_A_UNION = re.compile(r"(constrained-|function-|dict\[|list\[)|(int|float|str|bool)$")
"""What pydantic adds to the place of an error, for each type that a value may have."""


class UsageError(ValueError):
    """A mistake in a command line, a YAML file or a run's folder, explained in one line."""


def near_names(name: str, names: list[str]) -> str:
    """Suggest the nearest of the valid names, or list them all.

    >>> near_names("coord-frist", ["standard", "coord", "coord-first"])
    'did you mean coord-first or coord?'
    >>> near_names("x", ["a2c", "ppo"])
    'use one of a2c, ppo'
    """
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(names)}"


def explain_os_error(error: OSError) -> str:
    """Say in one line what the system refused, and where.

    >>> explain_os_error(OSError(28, "No space left on device", "runs/study.json"))
    'No space left on device: runs/study.json'
    """
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"


def explain(error: ValidationError, source: str, model: type[BaseModel]) -> UsageError:
    """Turn pydantic's report into one line that names the key and what would be right.

    :param error: What validation found
    :param source: Where the values come from, such as a file's name
    :param model: The model, whose fields are suggested for an unknown key
    """
    # An unknown key first: where it is misspelt, the right one is missing too.
    found = error.errors(include_url=False)
    first, *others = sorted(found, key=lambda one: one["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"] if not _PART_OF_A_UNION.match(str(part)))
    reason = first["msg"].removeprefix("Value error, ")
    if not key:
        message = f"{source}: {reason}"
    elif first["type"] == "extra_forbidden":
        reason = near_names(str(first["loc"][-1]), _field_names(model, first["loc"]))
        message = f"{source}: unknown key {key!r}, {reason}"
    elif first["type"] == "missing":
        message = f"{source}: {key!r} is missing"
    else:
        message = f"{source}: {key!r} is {first['input']!r}: {reason}"
    more = f" ({len(others)} more)" if others else ""
    return UsageError(" ".join(message.split()) + more)


def _field_names(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Name the fields of the (possibly nested) model that the key was found in."""
    for part in loc[:-1]:
        field = model.model_fields.get(str(part))
        nested = field.annotation if field is not None else None
        nested = (get_args(nested) or [nested])[-1]  # of a dict, its values' type
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            model = nested
    return list(model.model_fields)
