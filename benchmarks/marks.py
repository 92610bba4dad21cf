"""When a training had come how far: one line a rollout, for whoever times it from outside."""

import time
from itertools import pairwise
from pathlib import Path

from stable_baselines3.common.callbacks import BaseCallback


class RolloutMarks(BaseCallback):
    """Appends "seconds timesteps" to a file before every rollout, on the machine's own clock.

    It needs nothing but SB3, and so runs in RL Zoo's process too.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        write_mark(self.path, self.num_timesteps)


def write_mark(path: str, timesteps: int) -> None:
    """Append a line."""
    with Path(path).open("a") as file:
        file.write(f"{time.monotonic():.6f} {timesteps}\n")


def read_marks(path: Path) -> list[tuple[float, int]]:
    """Read the whole lines there are.

    :return: Seconds and timesteps
    """
    text = path.read_text() if path.exists() else ""
    rows = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [(float(seconds), int(timesteps)) for seconds, timesteps in rows]


def timesteps_at(marks: list[tuple[float, int]], moment: float) -> float:
    """Interpolate between marks, of which there must be some before and after the moment.

    >>> timesteps_at([(0.0, 0), (10.0, 100), (20.0, 150)], 15.0)
    125.0
    """
    for (start, before), (end, after) in pairwise(marks):
        if start <= moment <= end:
            return before + (after - before) * (moment - start) / (end - start)
    raise ValueError(f"no marks around {moment}")
