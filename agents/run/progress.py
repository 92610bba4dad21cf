"""How far a run is, and how long it has trained: what others read while its process writes."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from agents.run.fields import Count, CountOrZero
from agents.run.records import Seconds
from common.errors import UsageError
from common.files import read_json, write_json


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    :param timesteps: Timesteps done
    :param n_timesteps: Timesteps in all
    :param timesteps_per_second: Mean rate since training began
    :param seconds_left: At that rate
    :param mean_return: Mean unclipped return of the last 100 games, None before the first
    :param replayed: Steps played again so far, by a run that is being resumed
    """

    timesteps: CountOrZero
    n_timesteps: Count
    timesteps_per_second: Annotated[float, Field(ge=1e-6, le=1e9, allow_inf_nan=False)]
    seconds_left: Seconds
    mean_return: Annotated[float, Field(allow_inf_nan=False)] | None
    replayed: CountOrZero = 0


_PROGRESS = TypeAdapter(Progress)


def progress_writer(path: Path) -> Callable[[Progress], None]:
    """Return a report that keeps a JSON file up to date."""
    return lambda progress: write_json(path, asdict(progress))


def read_progress(path: Path) -> Progress | None:
    """Read that file.

    :return: The progress, None before the first report
    """
    try:
        return _PROGRESS.validate_python(read_json(path))
    except (OSError, UsageError, ValidationError):  # not there, or not ours
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
