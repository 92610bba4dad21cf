"""What is decided at a look: which comparisons have their verdict, and which are given up.

Nothing here knows of files: a study's decisions are a function of the scores of its runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from scipy.special import stdtr, stdtrit

from coordrl.compare.statistics.sequential import (
    EQUIVALENCE_POWER,
    FEWEST,
    FUTILITY,
    Looks,
    equivalence_p,
    nominal_levels,
    rounded_up,
    sequential_p,
    smallest_p,
    weights,
)
from coordrl.compare.statistics.two_arms import ALPHA, Difference, holm

#: How a comparison stands after a look: it goes on; it has stopped with a difference, with
#: equivalence, because what is left would hardly show anything, or because no arm beats random
#: play; or it has had all its looks.
State = Literal["live", "different", "equivalent", "futile", "uninformative", "undecided"]


@dataclass(frozen=True)
class Design:
    """What was declared of the looks.

    :param looks: seeds per arm at each, the last being all
    :param family: how many comparisons the study has
    :param pairs: whether the paired sign-flip test is used
    :param futility: the predictive probability below which a comparison is given up; None: never
    """

    looks: Looks
    family: int
    pairs: bool = False
    futility: float | None = FUTILITY


@dataclass(frozen=True)
class Evidence:
    """What the runs show of a comparison at a look.

    :param p_value: of the primary test
    :param p_equivalence: of the two one-sided tests, or None
    :param estimate: of the difference, or None
    :param margin: the smallest difference that matters
    :param informative: whether an arm of its game and algorithm beats random play
    """

    p_value: float
    p_equivalence: float | None
    estimate: Difference | None
    margin: float
    informative: bool = True


@dataclass(frozen=True, kw_only=True)
class Look:
    """A comparison at a look; all is None where it had no runs.

    :param p_value: of the primary test, as if this were the only look
    :param p_rounded: the same, rounded up to what the declared seeds can give
    :param p_sequential: corrected for all looks
    :param p_holm: and for the family
    :param p_equivalence: of the two one-sided tests, as if this were the only look
    :param p_equivalence_holm: corrected for looks and family
    :param p_possible: the least that p_holm could have been
    :param predictive: the chance that later looks show a difference or equivalence, if it was asked
    :param state: how the comparison stands after it
    """

    p_value: float | None
    p_rounded: float | None
    p_sequential: float
    p_holm: float = 1.0
    p_equivalence: float | None
    p_equivalence_sequential: float
    p_equivalence_holm: float = 1.0
    p_possible: float = 1.0
    predictive: float | None = None
    state: State = "live"


Course = tuple[Look, ...]
"""The looks of a comparison, up to the one at which it stopped."""


def state_of(course: Course) -> State:
    """Return how a comparison stands."""
    return course[-1].state if course else "live"


def take_look(
    design: Design, courses: Sequence[Course], evidence: Sequence[Evidence | None]
) -> list[Course]:
    """Take the next look at all comparisons that are live.

    :param courses: of all comparisons so far
    :param evidence: of each, from its first seeds, as many as the look has; None without runs. That
        of comparisons that have stopped is not looked at
    :return: their courses with this look
    """
    live = [state_of(course) == "live" for course in courses]
    looked = [
        (*course, _looked(design, course, found)) if goes_on else course
        for course, found, goes_on in zip(courses, evidence, live, strict=True)
    ]
    corrected = correct_looks(looked, design)
    rejected = sum(course[-1].p_holm <= ALPHA for course in corrected)
    equivalent = sum(course[-1].p_equivalence_holm <= ALPHA for course in corrected)
    return [
        (*course[:-1], _decided(design, course, found, rejected, equivalent)) if goes_on else before
        for before, course, found, goes_on in zip(courses, corrected, evidence, live, strict=True)
    ]


def correct_looks(courses: Sequence[Course], design: Design) -> list[Course]:
    """Correct the newest look of every comparison for the family, by Holm's method.

    :param courses: one look at least each, those of other comparisons of the family left out
    """
    columns = []
    for values in (
        [course[-1].p_sequential for course in courses],
        [course[-1].p_equivalence_sequential for course in courses],
        [smallest_p(design.looks, len(course), pairs=design.pairs) for course in courses],
    ):
        columns.append(holm([*values, *[1.0] * (design.family - len(values))]))
    return [(*course[:-1], _replaced(course[-1], columns, i)) for i, course in enumerate(courses)]


def predictive_probability(
    design: Design, look: int, found: Evidence, rejected: int, equivalent: int
) -> float | None:
    """Return the chance that the last look shows a difference or equivalence.

    With a flat prior the final difference is d + s_p * T, with Student's T and
    s_p = se * sqrt(1 - n / N): D. J. Spiegelhalter et al., "Monitoring clinical trials: conditional
    or predictive power?" (Controlled Clinical Trials 7, 1986).

    :param look: the number of this look, from 0
    :param rejected: comparisons in which a difference is shown already
    :param equivalent: comparisons in which equivalence is shown already
    :return: the chance, or None without a standard error
    """
    if found.estimate is None:
        return None
    now, last = design.looks[look], design.looks[-1]
    d, se = abs(found.estimate.value), found.estimate.standard_error
    df, final_df = (n - 1 if design.pairs else 2 * n - 2 for n in (now, last))
    final, step = se * sqrt(now / last), se * sqrt(1 - now / last)
    alpha = ALPHA / max(1, design.family - rejected)
    level = nominal_levels(design.looks, alpha, pairs=design.pairs)[-1]
    chance = 0.0
    if level > 0:
        critical = -float(stdtrit(final_df, level / 2)) * final
        chance = float(stdtr(df, (d - critical) / step) + stdtr(df, (-d - critical) / step))
    share = weights(design.looks, EQUIVALENCE_POWER)[-1]
    one_sided = share * ALPHA / max(1, design.family - equivalent)
    room = found.margin + float(stdtrit(final_df, one_sided)) * final
    if room > 0:
        chance += float(stdtr(df, (room - d) / step) - stdtr(df, (-room - d) / step))
    return min(1.0, chance)


def _looked(design: Design, course: Course, found: Evidence | None) -> Look:
    rounded, p_equivalence = None, None
    if found is not None:
        rounded = rounded_up(found.p_value, design.looks[len(course)], pairs=design.pairs)
        p_equivalence = found.p_equivalence
    p_values = [*(look.p_rounded for look in course), rounded]
    equivalence = [*(look.p_equivalence for look in course), p_equivalence]
    return Look(
        p_value=None if found is None else found.p_value,
        p_rounded=rounded,
        p_sequential=sequential_p(p_values, design.looks, pairs=design.pairs),
        p_equivalence=p_equivalence,
        p_equivalence_sequential=equivalence_p(equivalence, design.looks),
    )


def _replaced(look: Look, columns: Sequence[Sequence[float]], row: int, /) -> Look:
    names = ("p_holm", "p_equivalence_holm", "p_possible")
    return Look(
        **{**vars(look), **{n: column[row] for n, column in zip(names, columns, strict=True)}}
    )


def _decided(
    design: Design, course: Course, found: Evidence | None, rejected: int, equivalent: int
) -> Look:
    look, taken = course[-1], len(course)
    predictive = None
    enough, last = design.looks[taken - 1] >= FEWEST, taken == len(design.looks)
    state: State = "undecided" if last else "live"
    if found is not None and not found.informative:
        state = "uninformative" if enough or last else state
    elif look.p_holm <= ALPHA:
        state = "different"
    elif look.p_equivalence_holm <= ALPHA and look.p_possible <= ALPHA:
        state = "equivalent"
    elif found is not None and enough and not last and design.futility is not None:
        predictive = predictive_probability(design, taken - 1, found, rejected, equivalent)
        if predictive is not None and predictive < design.futility:
            state = "futile"
    return Look(**{**vars(look), "predictive": predictive, "state": state})
