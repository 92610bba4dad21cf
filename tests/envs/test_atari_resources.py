"""Threads, processes and memory of the native environments."""

import multiprocessing
import time
from multiprocessing.queues import SimpleQueue

import numpy as np
import psutil
import pytest

from envs import AtariVecEnv, make_atari_env


def first_step(results: "SimpleQueue[int]") -> None:
    env = make_atari_env("Pong", 2, seed=4, num_threads=2)
    env.reset()
    results.put(int(env.step(np.zeros(2, dtype=int))[0].sum()))
    env.close()


def step_the_parents(env: AtariVecEnv, results: "SimpleQueue[str]") -> None:
    try:
        env.step(np.zeros(env.num_envs, dtype=int))
    except RuntimeError as error:
        results.put(str(error))


@pytest.mark.parametrize(
    "method", ["fork", pytest.param("spawn", marks=pytest.mark.slow), "forkserver"]
)
def test_environments_work_in_other_processes(method: str) -> None:
    context = multiprocessing.get_context(method)
    results: SimpleQueue[int] = context.SimpleQueue()
    child = context.Process(target=first_step, args=(results,))
    child.start()
    child.join(120)
    here: SimpleQueue[int] = context.SimpleQueue()
    first_step(here)
    assert child.exitcode == 0
    assert results.get() == here.get()


def test_a_forked_process_is_told_to_make_its_own() -> None:
    context = multiprocessing.get_context("fork")
    env = make_atari_env("Pong", 2, num_threads=2)
    env.reset()
    results: SimpleQueue[str] = context.SimpleQueue()
    child = context.Process(target=step_the_parents, args=(env, results))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert "runs in another process: make it where it is used" in results.get()


def assert_threads(process: psutil.Process, number: int) -> None:
    """One that has been joined may be counted for a moment longer."""
    deadline = time.monotonic() + 10
    while process.num_threads() != number and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.num_threads() == number


def test_closing_ends_all_threads() -> None:
    process = psutil.Process()
    make_atari_env("Pong", 1).close()  # whatever starts once has started
    before = process.num_threads()
    for _ in range(3):
        env = make_atari_env("Pong", 2, num_threads=2)
        env.reset()
        assert process.num_threads() > before
        env.close()
        assert_threads(process, before)


@pytest.mark.slow
def test_a_thousand_resets_leak_neither_threads_nor_memory() -> None:
    process = psutil.Process()
    env = make_atari_env("Breakout", 1)
    for _ in range(100):
        env.reset()
    threads, memory = process.num_threads(), process.memory_info().rss
    for _ in range(1000):
        env.reset()
    assert_threads(process, threads)
    assert process.memory_info().rss - memory < 2**23  # less than a third of an observation a reset


@pytest.mark.slow
def test_environments_that_are_dropped_leak_neither_threads_nor_memory() -> None:
    process = psutil.Process()

    def use() -> None:
        env = make_atari_env("Breakout", 4, num_threads=2)
        env.reset()
        env.close()

    for _ in range(5):
        use()
    threads, memory = process.num_threads(), process.memory_info().rss
    for _ in range(20):
        use()
    assert_threads(process, threads)
    assert process.memory_info().rss - memory < 2**24
