import subprocess
import sys

import numpy as np
import pytest

from coordrl.compare.statistics.attainability import seeds_to_attain, unattainable
from coordrl.compare.statistics.permutation import permutation_p, sign_flip_p
from coordrl.compare.statistics.two_arms import holm


def best_possible(seeds, family, pairs):
    """Return the corrected p-values where every comparison comes out as clearly as it can."""
    low = np.arange(seeds) / 1000
    p = sign_flip_p(low + 1) if pairs else permutation_p(low, low + 100)
    return holm([p] * family)


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("family", [1, 2, 4, 18, 228])
def test_the_seeds_attain_significance_and_one_less_does_not(family, pairs):
    seeds = seeds_to_attain(family, pairs=pairs)
    assert max(best_possible(seeds, family, pairs)) <= 0.05
    assert max(best_possible(seeds - 1, family, pairs)) > 0.05
    assert unattainable(seeds, family, pairs=pairs) is None
    warning = unattainable(seeds - 1, family, pairs=pairs)
    assert warning is not None
    assert f"; {seeds} seeds per arm can" in warning


def test_the_warning_in_full():
    assert unattainable(5, 1, pairs=True) == (
        "5 seeds per arm cannot reach significance: the smallest p-value of the paired sign-flip "
        "test is 0.062; 6 seeds per arm can"
    )
    assert unattainable(1, 2).startswith("1 seed per arm cannot")


def test_a_family_too_large_for_the_random_draws():
    assert seeds_to_attain(5_001) is None
    assert "make fewer comparisons" in unattainable(50, 5_001)


def test_nothing_to_test_and_numbers_out_of_range():
    assert unattainable(1, 0) is None
    with pytest.raises(ValueError, match="at least 1 seed, not 0"):
        unattainable(0, 1)
    with pytest.raises(ValueError, match="at least 1 test, not 0"):
        seeds_to_attain(0)


def test_it_can_be_asked_without_the_compare_extra():
    code = "import sys, coordrl.compare.statistics.attainability; print(*sys.modules, sep='\\n')"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "coordrl.compare.statistics.permutation" in modules
    assert not {"scipy", "jinja2"} & set(modules)
