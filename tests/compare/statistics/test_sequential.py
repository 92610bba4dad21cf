from itertools import combinations, pairwise, product

import numpy as np
import pytest

from coordrl.compare.statistics.permutation import permutation_p_values
from coordrl.compare.statistics.sequential import (
    check_looks,
    default_looks,
    equivalence_p,
    lattice,
    nominal_levels,
    rounded_up,
    sequential_p,
    smallest_p,
    weights,
)


def test_no_assignment_of_scores_exceeds_its_level():
    # Under the null all 70 ways to deal 8 scores to two arms are as likely, and in each arm all 4
    # choices of the seed that comes with the second look.
    scores = np.random.default_rng(1).normal(size=8) ** 3
    looks, found = (3, 4), []
    for arm in combinations(range(8), 4):
        other = [i for i in range(8) if i not in arm]
        for last, its_last in product(range(4), range(4)):
            x, y = (scores[np.roll(who, -k - 1)] for who, k in ((arm, last), (other, its_last)))
            p_values = [
                rounded_up(float(permutation_p_values(x[None, :n], y[None, :n])[0]), n)
                for n in looks
            ]
            found.append(sequential_p(p_values, looks))
    assert len(found) == 1120
    values = np.sort(found)
    shares = np.searchsorted(values, values, side="right") / len(values)
    assert (shares - values).max() <= 1e-9
    assert (values <= 0.15).any()  # it is no empty promise


@pytest.mark.parametrize("looks", [(5, 7, 10, 16), (6, 8, 11, 16), (7, 10, 16)])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3, 0.05 / 6])
@pytest.mark.parametrize("pairs", [False, True])
def test_the_levels_of_looks_are_those_of_the_sequential_p_value(looks, alpha, pairs):
    levels = nominal_levels(looks, alpha, pairs=pairs)
    for k, (level, seeds) in enumerate(zip(levels, looks, strict=True)):
        before = [1.0] * k
        step = lattice(seeds, pairs=pairs)
        if level:
            assert sequential_p([*before, level], looks, pairs=pairs) <= alpha * (1 + 1e-6)
        assert sequential_p([*before, level + step], looks, pairs=pairs) > alpha


def test_the_smallest_p_after_each_look():
    # With ten seeds or fewer the tests are exact; the numbers of the design's description.
    found = [smallest_p((5, 7, 10, 16), k) for k in (1, 2)]
    assert found == pytest.approx([0.045, 0.0041], rel=0.03)
    assert smallest_p((4, 6, 8, 12, 16), 1) == pytest.approx(0.23, rel=0.02)
    assert smallest_p((6, 8, 11, 16), 1) == pytest.approx(0.0093, rel=0.01)


def test_it_never_increases_and_a_look_without_runs_changes_nothing():
    rng = np.random.default_rng(0)
    looks = (6, 8, 11, 16)
    for p_values in rng.random((50, 4)) ** 3:
        rounded = [rounded_up(p, n) for p, n in zip(p_values, looks, strict=True)]
        found = [sequential_p(rounded[:k], looks) for k in range(5)]
        assert found[0] == 1.0
        assert all(b <= a for a, b in pairwise(found))
        assert sequential_p([*rounded[:2], None], looks) == found[2]
        equivalence = [equivalence_p(p_values[:k], looks) for k in range(5)]
        assert all(b <= a for a, b in pairwise(equivalence))


def test_a_lost_run_rounds_up_to_what_the_declared_seeds_could_give():
    assert rounded_up(1 / 210, 6) == pytest.approx(3 * lattice(6))  # the least of 4 against 6
    assert rounded_up(lattice(6), 6) == lattice(6)
    assert rounded_up(1.0, 6) == 1.0


def test_one_look_is_the_fixed_test():
    assert weights((10,)) == (1.0,)
    for steps in (1, 7, 500):
        p = steps * lattice(10)
        assert sequential_p([p], (10,)) == pytest.approx(p)


@pytest.mark.parametrize(
    ("maximum", "family", "looks"),
    [
        (10, 1, (5, 7, 10)),
        (10, 3, (6, 8, 10)),
        (10, 57, (8, 10)),
        (16, 1, (5, 7, 10, 16)),
        (16, 4, (6, 8, 11, 16)),
        (16, 12, (7, 10, 16)),
        (16, 57, (8, 11, 16)),
        (20, 2, (6, 8, 11, 15, 20)),
        (20, 4, (7, 10, 14, 20)),
        (5, 6, (5,)),
        (3, 1, (3,)),
    ],
)
def test_default_looks(maximum, family, looks):
    assert default_looks(maximum, family) == looks


@pytest.mark.parametrize(
    ("looks", "says"),
    [
        ([], "rise"),
        ([1, 16], "from 2 on"),
        ([8, 6, 16], "rise"),
        ([8, 8, 16], "rise"),
        ([6, 10], "has all 16 seeds of the study, not 10"),
    ],
)
def test_looks_that_cannot_be(looks, says):
    with pytest.raises(ValueError, match=says):
        check_looks(looks, 16)
    check_looks([6, 16], 16)
