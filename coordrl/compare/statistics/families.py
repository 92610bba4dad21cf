"""Pairs of arms that are compared together: tests, intervals and verdicts, corrected for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from coordrl.compare.statistics.permutation import permutation_p, smallest_permutation_p
from coordrl.compare.statistics.two_arms import (
    Difference,
    Interval,
    Verdict,
    decide,
    holm,
    welch,
)


@dataclass(frozen=True)
class Comparison:
    """Two arms' scores, one a seed.

    :param name: what is compared
    :param means: of the control and of the other
    :param difference: the other minus the control
    :param interval: Welch's 95 % interval of it; None where undefined
    :param ratio: the other over the control, of geometric means; None unless all are positive
    :param ratio_interval: Welch's 95 % interval of it, of the scores' logarithms
    :param margin: the smallest difference that matters
    :param p: of the exact unpaired permutation test, corrected for the family
    :param p_equivalence: of two one-sided tests, corrected likewise
    """

    name: str
    seeds: tuple[int, int]
    means: tuple[float, float]
    difference: float
    interval: Interval | None
    ratio: float | None
    ratio_interval: Interval | None
    margin: float
    p: float
    p_equivalence: float | None
    verdict: Verdict

    @property
    def p_of_verdict(self) -> float:
        """The p of the test that the verdict is from."""
        equal = self.p_equivalence if self.verdict == "equivalent" else None
        return self.p if equal is None else equal


@dataclass(frozen=True)
class Samples:
    """Scores of two arms, one a seed, and the smallest difference that matters.

    :param informative: whether a difference would say anything
    """

    name: str
    control: Sequence[float]
    other: Sequence[float]
    margin: float
    informative: bool = True


def compare(family: Sequence[Samples]) -> list[Comparison]:
    """Compare arms; p-values are corrected by Holm's method for all comparisons together."""
    welches = [welch(one.other, one.control) for one in family]
    p_values = holm([permutation_p(one.other, one.control) for one in family])
    equal = holm(
        [
            1.0 if found is None else found.p_equivalence(one.margin)
            for one, found in zip(family, welches, strict=True)
        ]
    )
    return [
        _comparison(one, found, p, None if found is None else p_equal, len(family))
        for one, found, p, p_equal in zip(family, welches, p_values, equal, strict=True)
    ]


def _comparison(
    one: Samples, found: Difference | None, p: float, p_equal: float | None, n_family: int
) -> Comparison:
    means = (_mean(one.control), _mean(one.other))
    ratio, ratio_interval = _ratio(one)
    smallest = n_family * smallest_permutation_p(len(one.other), len(one.control))
    return Comparison(
        name=one.name,
        seeds=(len(one.control), len(one.other)),
        means=means,
        difference=means[1] - means[0],
        interval=found.interval() if found else None,
        ratio=ratio,
        ratio_interval=ratio_interval,
        margin=one.margin,
        p=p,
        p_equivalence=p_equal,
        verdict=decide(
            means[1] - means[0],
            one.margin,
            informative=one.informative,
            interval=found.interval() if found else None,
            p_difference=p,
            p_equivalence=p_equal,
            p_possible=min(1.0, smallest),
        ),
    )


def _ratio(one: Samples) -> tuple[float | None, Interval | None]:
    if min(*one.control, *one.other) <= 0:
        return None, None
    logs = [log(x) for x in one.other], [log(x) for x in one.control]
    ratio = exp(_mean(logs[0]) - _mean(logs[1]))
    found = welch(*logs)
    return ratio, Interval(*map(exp, found.interval())) if found else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
