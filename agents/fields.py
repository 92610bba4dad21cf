"""The kinds of numbers that configurations are made of."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


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
