"""What a training leaves: its setting, scores and the way there as JSON, and arrays for figures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from common.files import write_atomically, write_json

RESULT = "result.json"
ARRAYS = "answers.npz"

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Result:
    """A finished training; JSON has the same names.

    :param setting: what was trained on what, and how
    :param data: a hash of what it was trained and tested on
    :param parameters: weights, by network
    :param scores: by name, at the end
    :param history: evaluations on the way
    :param fingerprint: hash of the trained weights
    :param versions: of torch and numpy, and the GPU if there was one: bits depend on them
    """

    setting: dict[str, Any]
    data: str
    parameters: dict[str, int]
    num_threads: int
    scores: dict[str, float]
    history: list[dict[str, Any]]
    seconds: float
    fingerprint: str
    versions: dict[str, str]


def versions(device: torch.device | None = None) -> dict[str, str]:
    """Return the versions that a result depends on, and the GPU, if it was trained on one."""
    on_gpu = device is not None and device.type == "cuda"
    gpu = {"gpu": torch.cuda.get_device_name(device)} if on_gpu else {}
    return {"torch": str(torch.__version__), "numpy": np.__version__, **gpu}


def save(folder: Path, values: dict[str, Any], arrays: Arrays) -> None:
    """Write a training's result and arrays; the result, written last, tells that all is."""

    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / ARRAYS, write)
    write_json(folder / RESULT, values)


def load(folder: Path) -> Result | None:
    """Read a training's result; None if there is none, or none that can be read."""
    try:
        return Result(**(read(folder) or {}))
    except TypeError:
        return None


def read(folder: Path) -> dict[str, Any] | None:
    """Read a training's result as JSON has it; None if there is none that can be read."""
    values = read_object(folder / RESULT)
    return values if isinstance(values, dict) else None


def read_object(path: Path) -> Any:
    """Read a JSON file; None if there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def read_if(folder: Path, expected: dict[str, Any]) -> dict[str, Any] | None:
    """Read a training's result if it holds just these values, such as its setting."""
    values = read(folder)
    if values is None or any(values.get(name) != value for name, value in expected.items()):
        return None
    return values


def load_arrays(folder: Path) -> Arrays:
    """Read a training's arrays."""
    with np.load(folder / ARRAYS) as arrays:
        return dict(arrays)
