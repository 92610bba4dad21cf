"""Permutation tests for two arms: p-values that assume no distribution.

Source: R. A. Fisher, The Design of Experiments (1935); E. J. G. Pitman, "Significance tests
which may be applied to samples from any populations" (1937). Up to :data:`EXACT_LIMIT`
rearrangements all of them are counted; beyond, :data:`DRAWS` random ones are drawn with a fixed
seed and the observed one is counted in (the "+ 1" correction of Phipson and Smyth, 2010,
"Permutation p-values should never be zero").

Arms of unequal size are compared by Welch's t in place of the difference of means: A. Janssen,
"Studentized permutation tests for non-i.i.d. hypotheses and the generalized Behrens-Fisher problem"
(Statistics & Probability Letters 36, 1997). Both are exact where the arms' distributions are equal;
where the spreads differ too, the smaller arm's varying more, the difference of means rejects
far too often. For arms of equal size both give the same p-value.
"""

from functools import lru_cache
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: The family-wise level of the tests.
ALPHA = 0.05
#: Up to this many rearrangements the tests are exact: 10 seeds against 10 are 184,756.
EXACT_LIMIT = 200_000
#: Random rearrangements beyond that.
DRAWS = 99_999
#: The seed of these draws.
DRAW_SEED = 0

# Rearrangements whose sum differs from the observed one by less than this share of the largest
# score differ by rounding only: they are ties.
_TIE = 1e-12
# Variances below this share of the pooled one are hardly known, as differences of rounded sums;
# from there on Welch's t is right to this share of itself.
_FLAT, _T_TIE = 1e-9, 1e-5
# So many sums are held at a time: 32 MB.
_SUMS = 4_000_000

Array = NDArray[np.float64]


def permutation_p(a: ArrayLike, b: ArrayLike) -> float:
    """Return the two-sided p-value of the unpaired permutation test.

    Under the null hypothesis the scores of both arms are exchangeable: each of the
    C(n + m, n) ways of calling n of them "a" is equally likely. With the statistic
    T = mean(a) - mean(b), p is the share of ways with abs(T) at least the observed one. For arms of
    unequal size, two scores each at least, T is divided by Welch's standard error.

    :param a: scores of one arm, one a seed, shape (n,)
    :param b: scores of the other, shape (m,)
    :return: the p-value, in (0, 1]
    :raises ValueError: if an arm has no score

    >>> permutation_p([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])  # 2 of 20
    0.1
    """
    return float(permutation_p_values(_scores(a)[None], _scores(b)[None])[0])


def permutation_p_values(a: Array, b: Array) -> Array:
    """Return :func:`permutation_p` of many comparisons of the same size at once.

    :param a: shape (comparisons, n)
    :param b: shape (comparisons, m)
    :return: shape (comparisons,)
    """
    n, m = a.shape[1], b.shape[1]
    if n != m and min(n, m) > 1:
        return _studentised_p_values(*sorted((a, b), key=lambda arm: arm.shape[1]))
    scores = np.concatenate([a, b], axis=1)
    # Centred, mean(a) - mean(b) = sum(a) * (1 / n + 1 / m), and sum(a) = -sum(b): the smaller
    # arm's sum says as much as the larger's.
    pooled = scores - scores.mean(axis=1, keepdims=True)
    thresholds = np.abs(pooled[:, :n].sum(axis=1)) - _TIE * np.abs(scores).max(axis=1)
    choices, drawn = _ways(n + m, min(n, m))
    return (_extreme(choices, pooled, thresholds) + drawn) / (len(choices) + drawn)


def _studentised_p_values(a: Array, b: Array) -> Array:
    """Return p-values whose statistic is Welch's t.

    :param a: the smaller arm, shape (comparisons, n)
    :param b: shape (comparisons, m)
    """
    n, m = a.shape[1], b.shape[1]
    scores = np.concatenate([a, b], axis=1)
    pooled = scores - scores.mean(axis=1, keepdims=True)
    total = np.square(pooled).sum(axis=1, keepdims=True)
    least = np.maximum(_FLAT * total, np.finfo(float).tiny)

    def statistics(ways: Array, rows: slice) -> Array:
        """Return abs(T) but for a constant factor, shape (rows, ways)."""
        sums, squares = pooled[rows] @ ways.T, np.square(pooled[rows]) @ ways.T
        variance = (squares - sums**2 / n) / (n * (n - 1))
        variance += (total[rows] - squares - sums**2 / m) / (m * (m - 1))
        return np.asarray(np.abs(sums) / np.sqrt(np.maximum(variance, least[rows])))

    observed = statistics(np.append(np.ones(n), np.zeros(m))[None], slice(None))[:, 0]
    # What rounding does to a statistic, as a share of the scores' spread: ties count.
    rounding = 10 * _TIE * np.abs(scores).max(axis=1) / np.sqrt(least[:, 0] / _FLAT)
    thresholds = observed * (1 - _T_TIE - rounding) - rounding
    choices, drawn = _ways(n + m, n)
    step = max(1, _SUMS // (2 * len(choices)))
    chunks = [slice(i, i + step) for i in range(0, len(scores), step)]
    counts = [(statistics(choices, c) >= thresholds[c, None]).sum(axis=1) for c in chunks]
    return np.asarray((np.concatenate(counts) + drawn) / (len(choices) + drawn))


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
    return float(sign_flip_p_values(_scores(differences)[None])[0])


def sign_flip_p_values(differences: Array) -> Array:
    """Return :func:`sign_flip_p` of many comparisons of the same size at once.

    :param differences: shape (comparisons, n)
    :return: shape (comparisons,)
    """
    size = differences.shape[1]
    thresholds = np.abs(differences.sum(axis=1)) - _TIE * np.abs(differences).max(axis=1)
    if 2**size <= EXACT_LIMIT:
        signs = _signs(size)
        return _extreme(signs, differences, thresholds) / len(signs)
    signs = _drawn_signs(size, DRAWS)
    return (_extreme(signs, differences, thresholds) + 1) / (DRAWS + 1)


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


def _scores(values: ArrayLike) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"one score or more a sample is needed, not shape {array.shape}")
    return array


def _extreme(ways: Array, scores: Array, thresholds: Array) -> NDArray[np.int64]:
    """Return how many rearrangements are at least as extreme as what was observed.

    :param ways: one a row, shape (ways, size)
    :param scores: shape (comparisons, size)
    :param thresholds: shape (comparisons,)
    :return: shape (comparisons,)
    """
    step = max(1, _SUMS // len(ways))
    counts = [
        (np.abs(scores[i : i + step] @ ways.T) >= thresholds[i : i + step, None]).sum(axis=1)
        for i in range(0, len(scores), step)
    ]
    return np.concatenate(counts)


def _ways(total: int, size: int) -> tuple[Array, int]:
    """Return ways to choose, all or many, and how many the observed one adds to random ones."""
    if comb(total, size) <= EXACT_LIMIT:
        return _choices(total, size), 0
    return _drawn_choices(total, size, DRAWS), 1


# Games of a study differ in a few missing seeds at most: few sizes, used again and again.
@lru_cache(maxsize=8)
def _choices(total: int, size: int) -> Array:
    """Return every choice of `size` out of `total` as a row of zeros and ones.

    A choice of half of them and its complement have opposite sums: one of each two is left out.
    """
    if 2 * size == total:
        half = [(0, *others) for others in combinations(range(1, total), size - 1)]
        return _indicators(np.array(half), total)
    return _indicators(np.array(list(combinations(range(total), size))), total)


@lru_cache(maxsize=2)
def _drawn_choices(total: int, size: int, draws: int) -> Array:
    """Return random choices of `size` out of `total` as rows of zeros and ones."""
    numbers = np.random.default_rng(DRAW_SEED).random((draws, total), dtype=np.float32)
    return _indicators(np.argpartition(numbers, size, axis=1)[:, :size], total)


def _indicators(chosen: NDArray[np.int64], total: int) -> Array:
    rows = np.zeros((len(chosen), total))
    np.put_along_axis(rows, chosen, 1.0, axis=1)
    return rows


@lru_cache(maxsize=4)
def _signs(size: int) -> Array:
    return np.array(list(product((1.0, -1.0), repeat=size)))


@lru_cache(maxsize=2)
def _drawn_signs(size: int, draws: int) -> Array:
    return np.random.default_rng(DRAW_SEED).choice((-1.0, 1.0), size=(draws, size))
