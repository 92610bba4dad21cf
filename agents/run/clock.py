"""The time that a run has trained, over all its attempts."""

import time


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
