"""Results as built-in types, and comparison.json."""

import json
import math
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.comparing.results import Comparison


def save_json(comparison: Comparison, path: Path) -> None:
    """Write everything that was found."""
    # Without line breaks: a large study has half a million numbers.
    path.write_text(json.dumps(as_record(comparison), allow_nan=False) + "\n", encoding="utf-8")


def as_record(comparison: Comparison) -> dict[str, Any]:
    """Return everything that was found, as comparison.json has it."""
    found = plain(comparison)
    return {"format": 1, "plan": found.pop("declared"), **found}


def plain(value: Any) -> Any:
    """Return a result as dicts, lists, strings and finite numbers; NaN becomes None."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _plain_array(array: NDArray[Any]) -> Any:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array.tolist()
    cells = array.astype(object)
    cells[~np.isfinite(array)] = None
    return cells.tolist()
