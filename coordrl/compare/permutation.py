"""Permutation tests for two arms: p-values that assume no distribution.

Source: R. A. Fisher, The Design of Experiments (1935); E. J. G. Pitman, "Significance tests
which may be applied to samples from any populations" (1937). Up to :data:`EXACT_LIMIT`
rearrangements all of them are counted; beyond, :data:`DRAWS` random ones are drawn with a fixed
seed and the observed one is counted in (the "+ 1" correction of Phipson and Smyth, 2010,
"Permutation p-values should never be zero").
"""

from functools import lru_cache
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Up to this many rearrangements the tests are exact: 10 seeds against 10 are 184,756.
EXACT_LIMIT = 200_000
#: Random rearrangements beyond that.
DRAWS = 99_999
#: The seed of these draws.
DRAW_SEED = 0

# Rearrangements whose sum differs from the observed one by less than this share of the largest
# score differ by rounding only: they are ties.
_TIE = 1e-12


def permutation_p(a: ArrayLike, b: ArrayLike) -> float:
    """Return the two-sided p-value of the unpaired permutation test.

    Under the null hypothesis the scores of both arms are exchangeable: each of the
    C(n + m, n) ways of calling n of them "a" is equally likely. With the statistic
    T = mean(a) - mean(b), p is the share of ways with abs(T) at least the observed one.

    :param a: scores of one arm, one a seed, shape (n,)
    :param b: scores of the other, shape (m,)
    :return: the p-value, in (0, 1]
    :raises ValueError: if an arm has no score

    >>> permutation_p([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])  # 2 of 20
    0.1
    """
    x, y = _scores(a), _scores(b)
    n, m = x.size, y.size
    scores = np.concatenate([x, y])
    pooled = scores - scores.mean()  # then mean(a) - mean(b) = sum(a) * (1 / n + 1 / m)
    threshold = abs(float(pooled[:n].sum())) - _TIE * float(np.abs(scores).max())
    if comb(n + m, n) <= EXACT_LIMIT:
        sums = _choices(n + m, n) @ pooled
        return float(np.mean(np.abs(sums) >= threshold))
    generator = np.random.default_rng(DRAW_SEED)
    draws = (generator.permutation(pooled)[:n].sum() for _ in range(DRAWS))
    extreme = sum(abs(drawn) >= threshold for drawn in draws)
    return float((extreme + 1) / (DRAWS + 1))


def sign_flip_p(differences: ArrayLike) -> float:
    """Return the two-sided p-value of the paired sign-flip test.

    Under the null hypothesis each difference between two arms with the same seed is
    symmetric about 0: each of the 2^n choices of signs is equally likely. With the statistic
    T = mean(differences), p is the share of choices with abs(T) at least the observed one.

    :param differences: one a seed, shape (n,)
    :return: the p-value, in (0, 1]
    :raises ValueError: if there is no difference

    >>> sign_flip_p([1.0, 2.0, 3.0])  # 2 of 8
    0.25
    """
    d = _scores(differences)
    threshold = abs(float(d.sum())) - _TIE * float(np.abs(d).max())
    if 2**d.size <= EXACT_LIMIT:
        return float(np.mean(np.abs(_signs(d.size) @ d) >= threshold))
    generator = np.random.default_rng(DRAW_SEED)
    draws = (generator.choice((-1.0, 1.0), d.size) @ d for _ in range(DRAWS))
    extreme = sum(abs(drawn) >= threshold for drawn in draws)
    return float((extreme + 1) / (DRAWS + 1))


def smallest_permutation_p(n: int, m: int) -> float:
    """Return the p-value of the most extreme outcome of :func:`permutation_p`.

    1 / C(n + m, n), and twice that for n = m, where swapping the arms is as extreme.

    >>> smallest_permutation_p(2, 2)
    0.3333333333333333
    """
    return _floor((2 if n == m else 1) / comb(n + m, n), comb(n + m, n))


def smallest_sign_flip_p(n: int) -> float:
    """Return the p-value of the most extreme outcome of :func:`sign_flip_p`: 2 / 2^n."""
    return _floor(2 / 2**n, 2**n)


def _floor(p: float, rearrangements: int) -> float:
    return p if rearrangements <= EXACT_LIMIT else max(p, 1 / (DRAWS + 1))


def _scores(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"one score or more a sample is needed, not shape {array.shape}")
    return array


@lru_cache(maxsize=4)
def _choices(total: int, size: int) -> NDArray[np.float64]:
    """Return every choice of `size` out of `total` as a row of zeros and ones."""
    chosen = np.array(list(combinations(range(total), size)))
    rows = np.zeros((len(chosen), total))
    np.put_along_axis(rows, chosen, 1.0, axis=1)
    return rows


@lru_cache(maxsize=4)
def _signs(size: int) -> NDArray[np.float64]:
    return np.array(list(product((1.0, -1.0), repeat=size)))
