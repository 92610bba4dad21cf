"""Trains the runs of a study, a few at a time: retries one that crashes, ends one that hangs."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext

from agents.executors.jobs import Execution, Executor, Job, Outcome
from agents.study.looks import StudyLooks
from common.errors import UsageError, explain_os_error
from common.files import locked

POLL_INTERVAL = 0.2
"""Seconds between two looks at the runs under way."""
LONGEST_LOOK = 10.0
"""Seconds between two looks that count at most: more, and the study itself stood still."""
STOP_TIMEOUT = 10.0
"""Seconds that a run has to put its folder in order before it is killed."""
MAX_ATTEMPTS = 2
"""A run that has crashed is tried once more, from its newest checkpoint."""
MAX_LOST = 20
"""A run is tried anew as often when its machine is lost: more are hardly an accident."""


def run_jobs(
    jobs: list[Job],
    executor: Executor,
    hang_timeout: float | None,
    looks: StudyLooks | None = None,
) -> Generator[None]:
    """Train all jobs, in order, yielding now and then so that the caller can show how they stand.

    A failed run is recorded and the others go on. When the iterator is closed or interrupted, the
    runs under way are stopped, unless their executor is durable.

    :param jobs: The jobs; their states are kept up to date
    :param hang_timeout: Seconds without new timesteps, start and replay included, after which a
        run is ended as a crashed one; None for never
    :param looks: Of a sequential study: jobs beyond the look after the next one wait, and those
        that are not needed any more are ended
    """
    waiting = [_Waiting(job, hang_timeout) for job in jobs if job.state == "waiting"]
    running: list[_Running] = []
    with nullcontext() if executor.durable else _stopped_at_the_end(running):
        while True:
            if looks is not None:
                looks.update()
            waiting = [candidate for candidate in waiting if not candidate.dropped()]
            startable = [c for c in waiting if looks is None or looks.may_start(c.job)]
            if not (startable or running):
                break  # all have ended, or those that are left wait for a look that cannot be taken
            for candidate in startable:
                if len(running) < executor.capacity and candidate.ready():
                    waiting.remove(candidate)
                    _start(candidate.job, executor, running, hang_timeout)
                elif candidate.job.state == "failed":
                    waiting.remove(candidate)
            yield
            time.sleep(POLL_INTERVAL)
            for ended in [entry for entry in running if entry.ended()]:
                running.remove(ended)
                if ended.job.state == "waiting":
                    waiting.insert(0, _Waiting(ended.job, hang_timeout))
    yield


class _Watch:
    """Notices that a run makes no more timesteps."""

    def __init__(self, job: Job, timeout: float | None) -> None:
        self.job, self.timeout = job, timeout
        self.progress = self._read()
        self.waited, self.looked = 0.0, time.monotonic()

    def hung(self) -> bool:
        if self.timeout is None:
            return False
        # What froze this process, a suspended machine or container, froze the run too.
        now = time.monotonic()
        self.waited += min(now - self.looked, LONGEST_LOOK)
        self.looked = now
        progress = self._read()
        if progress != self.progress:
            self.progress, self.waited = progress, 0.0
        return self.waited > self.timeout

    def reason(self) -> str:
        return f"hangs: no new timesteps for {(self.timeout or 0) / 60:g} minutes"

    def _read(self) -> tuple[int, int] | None:
        progress = self.job.progress()
        return None if progress is None else (progress.timesteps, progress.replayed)


class _Waiting:
    """A job that is to be started, as soon as no other process trains its run."""

    def __init__(self, job: Job, hang_timeout: float | None) -> None:
        self.job, self.hang_timeout = job, hang_timeout
        self.watch: _Watch | None = None

    def dropped(self) -> bool:
        """Whether the job is not to be started at all."""
        if not self.job.needed and self.job.state != "failed":
            self.job.state = "unneeded"
        return self.job.state in ("unneeded", "failed")

    def ready(self) -> bool:
        """Whether the job can be started now; if its run hangs elsewhere, the job fails."""
        try:
            with locked(self.job.folder.path, "the run"):
                return True
        except UsageError as error:
            self.job.state = "elsewhere"
            self.watch = self.watch or _Watch(self.job, self.hang_timeout)
            if self.watch.hung():
                _fail(self.job, f"{error}; it {self.watch.reason()}")
        except OSError as error:
            _fail(self.job, explain_os_error(error))
        return False


class _Running:
    """A job under way, ended if it hangs."""

    def __init__(self, job: Job, execution: Execution, hang_timeout: float | None) -> None:
        self.job, self.execution = job, execution
        self.watch = _Watch(job, hang_timeout)
        self.kill_at: float | None = None

    def ended(self) -> bool:
        """Look at the run; if it has ended, give the job the state that follows."""
        outcome = self.execution.outcome()
        if outcome is None and not self.job.needed:
            self._end()
            return False
        if outcome is None:
            self.job.state = "queued" if self.execution.pending else "running"
            self._end_if_hung()
            return False
        if outcome.error is not None and self.kill_at is not None:
            outcome = Outcome(self.watch.reason(), mendable=True)
        _conclude(self.job, outcome)
        return True

    def _end_if_hung(self) -> None:
        if self.execution.pending:
            self.watch = _Watch(self.job, self.watch.timeout)
        elif self.kill_at is not None or self.watch.hung():
            self._end()

    def _end(self) -> None:
        """Ask the run to end, and later insist."""
        if self.kill_at is None:
            self.execution.stop()
            self.kill_at = time.monotonic() + STOP_TIMEOUT
        elif time.monotonic() > self.kill_at:
            self.execution.kill()


def _start(
    job: Job, executor: Executor, running: list[_Running], hang_timeout: float | None
) -> None:
    try:
        execution = executor.start(job)
    except OSError as error:
        _fail(job, explain_os_error(error))
        return
    job.state = "queued" if execution.pending else "running"
    running.append(_Running(job, execution, hang_timeout))


def _conclude(job: Job, outcome: Outcome) -> None:
    if outcome.error is None:
        job.state = "finished"
    elif not job.needed:
        job.state = "interrupted"
        _record(job, ("running",))
        job.state = "unneeded"
    elif _again(job, outcome):
        job.failures.append(outcome.error)
        job.lost += outcome.lost
        job.state = "waiting"
    else:
        _fail(job, outcome.error)
        _record(job, ("planned", "running", "interrupted"))


def _again(job: Job, outcome: Outcome) -> bool:
    """Whether a run is to be tried again after an attempt that failed."""
    if outcome.lost:
        return job.lost < MAX_LOST
    return outcome.mendable and len(job.failures) - job.lost + 1 < MAX_ATTEMPTS


def _fail(job: Job, reason: str) -> None:
    job.failures.append(reason)
    job.state = "failed"


def _record(job: Job, replaced: tuple[str, ...]) -> None:
    """Say in run.json how a run stands that could not say so itself.

    :param replaced: The statuses that its process may have left there
    """
    try:
        # Not while another process trains it.
        with locked(job.folder.path, "the run"):
            if job.folder.record["status"] in replaced:
                job.folder.update(status=job.state, error=job.reason or None)
    except (OSError, UsageError) as error:
        job.failures.append(f"{job.reason} (and its run.json cannot be updated: {error})".strip())


@contextmanager
def _stopped_at_the_end(running: list[_Running]) -> Iterator[None]:
    """Stop the runs that are still under way when the context ends, however it ends."""
    try:
        yield
    finally:
        executions = [entry.execution for entry in running]
        try:
            for execution in executions:
                execution.stop()
            deadline = time.monotonic() + STOP_TIMEOUT
            while any(e.outcome() is None for e in executions) and time.monotonic() < deadline:
                time.sleep(POLL_INTERVAL)
        finally:  # a second Ctrl-C does not wait
            for entry in running:
                entry.execution.kill()
                entry.job.state = "interrupted"
                _record(entry.job, ("running",))
