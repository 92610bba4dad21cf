"""Estimates of when a study ends."""

import pytest

from agents.study.costs import Load, makespan, time_left

A, B, C = ("a2c", "standard", "Pong"), ("a2c", "coord", "Pong"), ("ppo", "standard", "Pong")


@pytest.mark.parametrize(
    ("durations", "processes", "end"),
    [([], 2, 0), ([5], 2, 5), ([1, 1, 1, 1], 2, 2), ([4, 1, 1, 1, 1], 2, 4), ([1, 1, 4], 2, 5)],
)
def test_tasks_are_taken_in_order(durations: list[float], processes: int, end: float) -> None:
    assert makespan(durations, processes) == end


def test_nothing_is_known_before_the_first_report() -> None:
    assert time_left([Load(A, 100)], 1) is None


@pytest.mark.parametrize(
    ("loads", "seconds"),
    [
        ([Load(A, 100, 10.0)], 10),
        ([Load(A, 0, 10.0), Load(A, 50)], 5),  # as its like, which has ended
        ([Load(A, 0, 10.0), Load(B, 50)], 5),  # as others of the algorithm
        ([Load(A, 0, 10.0), Load(C, 50)], 5),  # as any other
        ([Load(A, 0, 10.0), Load(B, 0, 20.0), Load(B, 100)], 5),  # its like comes first
        ([Load(A, 0, 10.0), Load(A, 0, 40.0), Load(A, 100)], 6.25),  # mean seconds a timestep
    ],
)
def test_rates_of_other_runs(loads: list[Load], seconds: float) -> None:
    assert time_left(loads, 1) == pytest.approx(seconds)
