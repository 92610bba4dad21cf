"""A run hangs if it makes no timesteps while the study is awake, whatever the clock says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.executors.jobs import Job
from agents.run.folder import RunFolder
from agents.run.progress import Progress, progress_writer
from agents.study import scheduling
from agents.study.scheduling import _Watch
from tests.agents.runs import small_run

TIMEOUT = 60.0


class Clock:
    """A clock that only the test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(scheduling, "time", clock)
    return clock


@pytest.fixture
def job(tmp_path: Path) -> Job:
    config = small_run()
    folder = RunFolder(tmp_path / "run")
    folder.plan(config)
    return Job("run", folder, config)


def look(watch: _Watch, clock: Clock, seconds: float, every: float = 0.2) -> bool:
    """Look at a run for so long."""
    end = clock.now + seconds
    while clock.now < end:
        clock.now += every
        if watch.hung():
            return True
    return False


def report(job: Job, timesteps: int, replayed: int = 0) -> None:
    write = progress_writer(job.folder.progress_path)
    write(Progress(timesteps, 100, 1.0, 1.0, None, replayed))


def test_hours_in_which_everything_was_frozen_do_not_count(job: Job, clock: Clock) -> None:
    watch = _Watch(job, TIMEOUT)
    for _ in range(3):
        assert not look(watch, clock, 5)
        clock.now += 5 * 3600
        assert not watch.hung()
    report(job, 8)
    assert not look(watch, clock, TIMEOUT - 1)


def test_a_run_that_stands_still_hangs_in_spite_of_a_pause(job: Job, clock: Clock) -> None:
    watch = _Watch(job, TIMEOUT)
    assert not look(watch, clock, 20)
    clock.now += 3600
    assert not look(watch, clock, 20)
    assert look(watch, clock, 40)
    assert watch.reason() == "hangs: no new timesteps for 1 minutes"


def test_steps_that_are_played_again_are_progress(job: Job, clock: Clock) -> None:
    report(job, 48)
    watch = _Watch(job, TIMEOUT)
    for replayed in range(1, 10):
        assert not look(watch, clock, TIMEOUT - 1)
        report(job, 48, replayed)
    assert look(watch, clock, TIMEOUT + 1)
