"""How far a run is, and how long it has trained: what others read while its process writes."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from common.files import write_json


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    :param timesteps: Timesteps done
    :param n_timesteps: Timesteps in all
    :param timesteps_per_second: Mean rate since training began
    :param seconds_left: At that rate
    :param mean_return: Mean unclipped return of the last 100 games, None before the first
    """

    timesteps: int
    n_timesteps: int
    timesteps_per_second: float
    seconds_left: float
    mean_return: float | None


def progress_writer(path: Path) -> Callable[[Progress], None]:
    """Return a report that keeps a JSON file up to date."""
    return lambda progress: write_json(path, asdict(progress))


def read_progress(path: Path) -> Progress | None:
    """Read that file.

    :return: The progress, None before the first report
    """
    try:
        return Progress(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):  # not there, or not ours: nothing a reader can mend
        return None


class TrainingClock:
    """Counts wall and CPU seconds, going on from where an earlier attempt was resumed.

    :param wall_seconds: Wall seconds so far
    :param cpu_seconds: CPU seconds of the process so far
    """

    def __init__(self, wall_seconds: float = 0.0, cpu_seconds: float = 0.0) -> None:
        self._wall = time.perf_counter() - wall_seconds
        self._cpu = time.process_time() - cpu_seconds

    @property
    def wall_seconds(self) -> float:
        """Wall seconds of training."""
        return time.perf_counter() - self._wall

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of training."""
        return time.process_time() - self._cpu
