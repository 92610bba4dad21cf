"""The same work for each of several runs, on all cores."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from agents.run.folder import RunFolder
from common.errors import UsageError

INTERRUPTS = {signal.SIGINT, signal.SIGTERM}

_Result = TypeVar("_Result")


def of_each_run(
    runs: Sequence[RunFolder], work: Callable[[RunFolder], _Result], processes: int
) -> Iterator[tuple[RunFolder, _Result | UsageError]]:
    """Do the work for each run, several at a time.

    :param work: What is to be done; to be found by its name in another process
    :param processes: How many at a time
    :return: Each run with its result, or with what is wrong with it, as they come
    :raises UsageError: If a process was killed
    """
    attempt = partial(_attempt, work)
    if min(len(runs), processes) == 1:
        for run in runs:
            yield run, attempt(run)
        return
    with _pool(min(len(runs), processes)) as pool:
        with _interrupts_held():
            futures = {pool.submit(attempt, run): run for run in runs}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                raise UsageError(
                    "a process was killed, perhaps out of memory: try fewer --processes"
                ) from None


def _attempt(work: Callable[[RunFolder], _Result], run: RunFolder) -> _Result | UsageError:
    try:
        return work(run)
    except UsageError as error:
        return error


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Make worker processes, which end when the context does, however it ends."""
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    pool = ProcessPoolExecutor(processes, spawn, _take_termination)
    try:
        yield pool
        pool.shutdown()
    finally:
        for worker in multiprocessing.active_children():
            worker.terminate()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the processes that are started in this context are known.

    For them they wait for good: it is the parent that ends them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _take_termination() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
