"""Whether planned seeds can reach significance at all: to be asked before anything is trained.

A permutation test's p-value is a share of the rearrangements there are, so few seeds bound it
from below, and Holm's correction multiplies that bound. Imports nothing but numpy.
"""

from coordrl.compare.statistics.permutation import (
    ALPHA,
    DRAWS,
    smallest_permutation_p,
    smallest_sign_flip_p,
)

# From 17 seeds on the smallest p-value is that of the random draws, however many follow.
_ENOUGH = 20


def seeds_to_attain(family: int, *, pairs: bool = False) -> int | None:
    """Return the seeds per arm from which a whole family of tests can be significant.

    The smallest n with family * p(n) <= ``ALPHA``, where p(n) is 2 / C(2n, n) for the unpaired
    permutation test and 2 / 2^n for the paired sign-flip test: what Holm's method asks of the
    first test it rejects.

    :param family: how many tests there are, at least 1
    :param pairs: whether the study declares the paired sign-flip test
    :return: the seeds; None if no number is enough, as the p-value of random draws has a floor
    :raises ValueError: for an empty family

    >>> seeds_to_attain(1), seeds_to_attain(18), seeds_to_attain(1, pairs=True)
    (4, 6, 6)
    """
    if family < 1:
        raise ValueError(f"a family has at least 1 test, not {family}")
    return next((n for n in range(1, _ENOUGH) if _corrected(n, family, pairs) <= ALPHA), None)


def unattainable(seeds: int, family: int, *, pairs: bool = False) -> str | None:
    """Return a warning if no outcome of a planned study could be significant.

    :param seeds: planned, per arm
    :param family: how many tests Holm's correction is for: games x algorithms x arms other than
        the baseline
    :param pairs: whether the study declares the paired sign-flip test
    :return: one line that says so and what would be enough; None if significance is attainable,
        or if there is nothing to test
    :raises ValueError: for less than one seed

    >>> print(unattainable(3, family=4))
    3 seeds per arm cannot reach significance: the smallest p-value of the unpaired permutation \
test, corrected for 4 comparisons, is 0.4; 5 seeds per arm can
    """
    if seeds < 1:
        raise ValueError(f"a study has at least 1 seed, not {seeds}")
    if family < 1 or _corrected(seeds, family, pairs) <= ALPHA:
        return None
    test = "paired sign-flip test" if pairs else "unpaired permutation test"
    many = f", corrected for {family} comparisons," if family > 1 else ""
    enough = seeds_to_attain(family, pairs=pairs)
    remedy = (
        f"{enough} seeds per arm can"
        if enough
        else f"no number can with {DRAWS:,} random draws, so make fewer comparisons"
    )
    return (
        f"{seeds} {'seed' if seeds == 1 else 'seeds'} per arm cannot reach significance: the "
        f"smallest p-value of the {test}{many} is {_corrected(seeds, family, pairs):.2g}; {remedy}"
    )


def _corrected(seeds: int, family: int, pairs: bool) -> float:
    """Return the smallest p-value that Holm's method can give to all tests of a family."""
    smallest = smallest_sign_flip_p(seeds) if pairs else smallest_permutation_p(seeds, seeds)
    return min(1.0, family * smallest)
