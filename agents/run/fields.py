"""The kinds of numbers that configurations are made of, and what is wrong with a value."""

import re
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from common.errors import UsageError, near_names


def _no_truth_value(value: Any) -> Any:
    """Refuse true and false, which Python counts among the numbers."""
    if isinstance(value, bool):
        raise ValueError("give a number, not true or false")
    return value


_Whole = Annotated[int, BeforeValidator(_no_truth_value)]
_Real = Annotated[float, BeforeValidator(_no_truth_value)]

Count = Annotated[_Whole, Field(ge=1, le=10**12)]
CountOrZero = Annotated[_Whole, Field(ge=0, le=10**12)]
Few = Annotated[_Whole, Field(ge=1, le=10_000)]
Positive = Annotated[_Real, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[_Real, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[_Real, Field(ge=0, le=1, allow_inf_nan=False)]
PositiveFraction = Annotated[_Real, Field(gt=0, le=1, allow_inf_nan=False)]

_PART_OF_A_UNION = re.compile(r"(constrained-|function-|dict\[|list\[)|(int|float|str|bool)$")
"""What pydantic adds to the place of an error, for each type that a value may have."""


def explain(error: ValidationError, source: str, model: type[BaseModel]) -> UsageError:
    """Turn pydantic's report into one line that names the key and what would be right.

    :param source: Where the values come from, such as a file's name
    :param model: The model, whose fields are suggested for an unknown key
    """
    # An unknown key first: where it is misspelt, the right one is missing too.
    found = error.errors(include_url=False)
    first, *others = sorted(found, key=lambda one: one["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"] if not _PART_OF_A_UNION.match(str(part)))
    reason = first["msg"].removeprefix("Value error, ")
    if not (key or first["type"] == "extra_forbidden"):
        message = f"{source}: {reason}"
    elif first["type"] == "extra_forbidden":
        reason = near_names(str(first["loc"][-1]), _field_names(model, first["loc"]))
        message = f"{source}: unknown key {key!r}, {reason}"
    elif first["type"] == "missing":
        message = f"{source}: {key!r} is missing"
    else:
        message = f"{source}: {key!r} is {_shown(first['input'])}: {reason}"
    more = f" ({len(others)} more)" if others else ""
    return UsageError(" ".join(message.split()) + more)


def _shown(value: Any) -> str:
    """Show a value that is wrong, as much of it as a line can hold."""
    shown = repr(value)
    return shown if len(shown) <= 200 else f"{shown[:200]}..."


def _field_names(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Name the fields of the (possibly nested) model that the key was found in."""
    for part in loc[:-1]:
        field = model.model_fields.get(str(part))
        nested = field.annotation if field is not None else None
        nested = (get_args(nested) or [nested])[-1]  # of a dict, its values' type
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            model = nested
    return list(model.model_fields)
