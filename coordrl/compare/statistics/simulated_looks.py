"""Sequential studies of made-up scores: what to expect of a design before anything runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from coordrl.compare.statistics.looks import (
    Course,
    Design,
    Evidence,
    correct_looks,
    state_of,
    take_look,
)
from coordrl.compare.statistics.permutation import (
    DRAW_SEED,
    permutation_p_values,
    sign_flip_p_values,
)
from coordrl.compare.statistics.two_arms import ALPHA, Difference, holm

#: True differences for which a plan is made, in standard deviations between seeds.
EFFECTS = (0.0, 1.0, 2.0, 3.0)
#: The smallest difference that matters, in these simulations.
MARGIN = 0.5
# Comparisons that a plan simulates for each effect, about: a second or two.
_COMPARISONS, _MOST, _FEWEST = 1_200, 400, 40

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """What a design does on average, if all arms differ from their baselines by one effect.

    :param effect: in standard deviations between seeds
    :param power: the share of comparisons in which a difference is found
    :param any_found: the share of studies that find one at all
    :param seeds: of an arm, when its comparison stops
    :param runs: of the whole study, the baselines' among them
    :param fixed_power: the power if all seeds are used and looked at once; None if not asked
    """

    effect: float
    power: float
    any_found: float
    seeds: float
    runs: float
    fixed_power: float | None = None


def expected(design: Design, cells: int, effect: float) -> Expected:
    """Simulate studies with normal scores.

    :param design: its family is to be spread evenly over the cells
    :param cells: games x algorithms, each with a baseline of its own
    """
    arms = design.family // cells
    studies = min(_MOST, max(_FEWEST, _COMPARISONS // design.family))
    generator = np.random.default_rng(DRAW_SEED)
    scores = generator.normal(size=(studies, cells, 1 + arms, design.looks[-1]))
    scores[:, :, 1:] += effect
    courses = follow_scores(design, scores, MARGIN)
    found = summary(design, cells, effect, courses)
    return replace(found, fixed_power=fixed_power(design, scores)) if effect else found


def fixed_power(design: Design, scores: Array) -> float:
    """Return the share of comparisons that differ if all seeds are used and looked at once.

    :param scores: as in :func:`follow_scores`
    """
    x, y = _comparisons(design, scores)
    number = (-1, design.looks[-1])
    x, y = x.reshape(number), y.reshape(number)
    p_values = sign_flip_p_values(x - y) if design.pairs else permutation_p_values(x, y)
    studies = p_values.reshape(len(scores), -1).tolist()
    return float(np.mean([np.array(holm(study)) <= ALPHA for study in studies]))


def summary(
    design: Design, cells: int, effect: float, courses: Sequence[Sequence[Course]]
) -> Expected:
    """Return what simulated studies did.

    :param courses: of each study, cell by cell
    """
    seeds = np.array([[design.looks[len(c) - 1] for c in study] for study in courses])
    found = np.array([claims(design, study) for study in courses])
    baselines = seeds.reshape(len(seeds), cells, -1).max(axis=2)
    return Expected(
        effect=effect,
        power=float(found.mean()),
        any_found=float(found.any(axis=1).mean()),
        seeds=float(seeds.mean()),
        runs=float((seeds.sum(axis=1) + baselines.sum(axis=1)).mean()),
    )


def claims(design: Design, courses: Sequence[Course]) -> list[bool]:
    """Return for which comparisons of a study a difference is claimed when all have stopped."""
    return [
        course[-1].p_holm <= ALPHA and course[-1].state != "uninformative"
        for course in correct_looks(courses, design)
    ]


def follow_scores(
    design: Design, scores: Array, margin: float, random: float | None = None
) -> list[list[Course]]:
    """Take the looks at many studies whose runs all finish.

    :param scores: shape (studies, cells, 1 + arms, seeds), the baseline of each cell first
    :param margin: the smallest difference that matters
    :param random: what random play scores; None if that is not known, so that nothing stops as
        uninformative
    :return: for each study the courses of its comparisons, cell by cell
    """
    studies = len(scores)
    x, y = _comparisons(design, scores)
    courses: list[list[Course]] = [[()] * design.family for _ in range(studies)]
    for seeds in design.looks:
        live = np.array([[state_of(c) == "live" for c in study] for study in courses])
        evidence: NDArray[np.object_] = np.full(live.shape, None, dtype=object)
        if live.any():
            shown = _evidence(x[live][:, :seeds], y[live][:, :seeds], margin, design.pairs)
            if random is not None:
                informative = _informative(design, scores - random, courses, seeds)[live]
                pairs = zip(shown, informative.tolist(), strict=True)
                shown = [replace(each, informative=above) for each, above in pairs]
            evidence[live] = shown
        courses = [
            take_look(design, study, found.tolist()) if goes_on.any() else study
            for study, found, goes_on in zip(courses, evidence, live, strict=True)
        ]
    return courses


def _comparisons(design: Design, scores: Array) -> tuple[Array, Array]:
    """Return the scores of arms and of their baselines, shape (studies, family, seeds)."""
    shape = (len(scores), design.family, -1)
    arms, baselines = np.broadcast_arrays(scores[:, :, 1:], scores[:, :, :1])
    return arms.reshape(shape), baselines.reshape(shape)


def _informative(
    design: Design, scores: Array, courses: Sequence[Sequence[Course]], seeds: int
) -> NDArray[np.bool_]:
    """Return for each comparison whether an arm of its cell has scores above 0.

    :param courses: before the look; arms that have stopped have the seeds of their last one
    :param seeds: of the others
    :return: shape (studies, family)
    """
    studies, cells, arms, most = scores.shape
    seen = np.full((studies, cells, arms), seeds)
    for study, its_courses in enumerate(courses):
        for i, course in enumerate(its_courses):
            if state_of(course) != "live":
                cell, arm = divmod(i, arms - 1)
                seen[study, cell, 1 + arm] = design.looks[len(course) - 1]
    used = np.arange(most) < seen[..., None]
    means, errors = scores.mean(axis=-1, where=used), scores.std(axis=-1, ddof=1, where=used)
    p_values = stdtr(seen - 1, -means / (errors / np.sqrt(seen)))
    return np.repeat((p_values < ALPHA).any(axis=2), arms - 1, axis=1)


def _evidence(x: Array, y: Array, margin: float, pairs: bool) -> list[Evidence]:
    """Return what so many comparisons show, of shape (comparisons, seeds) each."""
    n = x.shape[1]
    if pairs:
        p_values = sign_flip_p_values(x - y)
        squared, df = (x - y).var(axis=1, ddof=1) / n, np.full(len(x), n - 1.0)
    else:
        p_values = permutation_p_values(x, y)
        parts = [each.var(axis=1, ddof=1) / n for each in (x, y)]
        squared = parts[0] + parts[1]
        df = (n - 1) * squared**2 / (parts[0] ** 2 + parts[1] ** 2)
    differences, errors = x.mean(axis=1) - y.mean(axis=1), np.sqrt(squared)
    equivalence = stdtr(df, (np.abs(differences) - margin) / errors)
    return [
        Evidence(float(p), float(same), Difference(float(d), float(se), float(f)), margin)
        for p, same, d, se, f in zip(p_values, equivalence, differences, errors, df, strict=True)
    ]
