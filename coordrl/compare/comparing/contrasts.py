"""An arm against the baseline: one row of the comparison's table, and in units of the margin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coordrl.compare.comparing.results import ArmResult, Contrast
from coordrl.compare.statistics.permutation import (
    permutation_p,
    sign_flip_p,
    smallest_permutation_p,
    smallest_sign_flip_p,
)
from coordrl.compare.statistics.power import seeds_needed
from coordrl.compare.statistics.two_arms import (
    ALPHA,
    Difference,
    Interval,
    correlation,
    decide,
    holm,
    paired,
    sample_sd,
    size_of,
    welch,
)

# Margins below this share of the standard deviation between seeds mean nothing.
_VANISHING = 0.01
_SIGNIFICANT = ("better", "worse", "negligible")


def contrast(arm: ArmResult, baseline: ArmResult, margin: float, *, pairs: bool) -> Contrast:
    """Return the difference between two arms and its tests, not yet corrected for the family.

    :param baseline: what it is compared with, in the same game and algorithm
    :param margin: the smallest difference that matters, in points of the game
    :param pairs: whether the study declared the paired sign-flip test
    :return: the contrast, without a verdict (see :func:`correct`)
    """
    mine = {seed.seed: seed.outcome for seed in arm.seeds}
    theirs = {seed.seed: seed.outcome for seed in baseline.seeds}
    common = sorted(set(mine) & set(theirs))
    x, y = np.array([mine[s] for s in common]), np.array([theirs[s] for s in common])
    notes = _seed_notes(arm, baseline, pairs=pairs)
    if pairs and not common:
        return Contrast(arm=arm.arm, seeds=(0, 0), notes=notes)
    estimate = estimate_of(arm, baseline, pairs=pairs)
    if pairs:
        value, sd = float((x - y).mean()), sample_sd(x - y)
        p_value, possible = sign_flip_p(x - y), smallest_sign_flip_p(len(common))
    else:
        value, sd = arm.mean - baseline.mean, _common_sd(arm, baseline)
        p_value = permutation_p(arm.outcomes, baseline.outcomes)
        possible = smallest_permutation_p(len(mine), len(theirs))
    found = Contrast(
        arm=arm.arm,
        seeds=(len(common), len(common)) if pairs else (len(mine), len(theirs)),
        difference=value,
        margin=margin,
        p_value=p_value,
        p_possible=possible,
        correlation=correlation(x, y),
        notes=notes,
    )
    if estimate is None:
        return _without_spread(found, single=min(found.seeds) < 2)
    return replace(
        found,
        interval=estimate.interval(),
        sd=sd,
        p_t=estimate.p_value(),
        p_equivalence=estimate.p_equivalence(margin),
    )


def estimate_of(arm: ArmResult, baseline: ArmResult, *, pairs: bool) -> Difference | None:
    """Return the difference between two arms as far as it follows Student's t distribution."""
    if not pairs:
        return welch(arm.outcomes, baseline.outcomes)
    mine = {seed.seed: seed.outcome for seed in arm.seeds}
    theirs = {seed.seed: seed.outcome for seed in baseline.seeds}
    common = sorted(set(mine) & set(theirs))
    return paired([mine[seed] - theirs[seed] for seed in common])


def _without_spread(found: Contrast, *, single: bool) -> Contrast:
    """Complete a contrast of single seeds, of which nothing more is known, or of constant ones."""
    assert found.difference is not None
    assert found.margin is not None
    if single:
        return replace(found, notes=(*found.notes, f"{found.arm}: no interval with a single seed"))
    same = abs(found.difference) < found.margin
    note = f"{found.arm}: its scores and the baseline's do not vary: there is no t-test"
    return replace(
        found,
        interval=Interval(found.difference, found.difference),
        sd=0.0,
        p_equivalence=0.0 if same else 1.0,
        notes=(*found.notes, note),
    )


def correct(
    contrasts: Sequence[Contrast], informative: Sequence[bool], family: int, *, pairs: bool
) -> list[Contrast]:
    """Correct the tests of a family by Holm's method, and decide.

    :param contrasts: from :func:`contrast`
    :param informative: for each, whether an arm of its game and algorithm beats random play
    :param family: how many tests the study stated; those without a result enter as 1
    :param pairs: whether the study declared the paired sign-flip test
    :return: the contrasts in the same order; those with a result have a verdict
    """
    p_holm = _corrected([c.p_value for c in contrasts], family)
    p_possible = _corrected([c.p_possible for c in contrasts], family)
    p_equivalence = _corrected([c.p_equivalence for c in contrasts], family)
    return [
        _decided(
            replace(c, p_holm=p_holm[i], p_possible=p_possible[i], p_equivalence=p_equivalence[i]),
            informative[i],
            ALPHA / family,
            pairs,
        )
        for i, c in enumerate(contrasts)
    ]


@dataclass(frozen=True)
class Effect:
    """A difference from the baseline, divided by its margin.

    :param value: the difference; from -1 to 1 it does not matter
    :param interval: its 95 % interval, or None
    :param significant: whether the corrected primary test says that it is not 0
    """

    value: float
    interval: Interval | None
    significant: bool


def effect(contrast: Contrast) -> Effect | None:
    """Return a contrast's difference in margins.

    :return: the effect, or None where there is no difference, or no margin that means anything:
        the margin is a share of what the baseline scores above random play
    """
    if contrast.difference is None or not contrast.margin or contrast.verdict == "uninformative":
        return None
    ends = contrast.interval
    return Effect(
        contrast.difference / contrast.margin,
        ends and Interval(ends.low / contrast.margin, ends.high / contrast.margin),
        contrast.verdict in _SIGNIFICANT,
    )


def _corrected(p_values: list[float | None], family: int) -> list[float | None]:
    known = [1.0 if p is None else p for p in p_values]
    adjusted = holm(known + [1.0] * (family - len(known)))  # those of the missing come last
    return [None if p is None else q for p, q in zip(p_values, adjusted, strict=False)]


def _decided(contrast: Contrast, informative: bool, alpha: float, pairs: bool) -> Contrast:
    difference, margin = contrast.difference, contrast.margin
    p_holm, p_possible = contrast.p_holm, contrast.p_possible
    if difference is None or margin is None or p_holm is None or p_possible is None:
        return contrast
    verdict = decide(
        difference,
        margin,
        informative=informative,
        interval=contrast.interval,
        p_difference=p_holm,
        p_equivalence=contrast.p_equivalence,
        p_possible=p_possible,
    )
    if verdict != "uninformative":
        contrast = replace(contrast, notes=(*contrast.notes, *margin_notes(contrast)))
    if verdict in ("better", "worse"):
        return replace(contrast, verdict=verdict, size=size_of(contrast.interval, margin))
    if verdict != "inconclusive" or contrast.sd is None:
        return replace(contrast, verdict=verdict)
    needed = seeds_needed(margin, contrast.sd, alpha, pairs=pairs)
    return replace(contrast, verdict=verdict, seeds_needed=needed)


def _common_sd(arm: ArmResult, baseline: ArmResult) -> float | None:
    if arm.sd is None or baseline.sd is None:
        return None
    return float(np.sqrt((arm.sd**2 + baseline.sd**2) / 2))


def margin_notes(contrast: Contrast) -> tuple[str, ...]:
    """Return a note if next to any difference would lie outside the margin."""
    margin, sd = contrast.margin, contrast.sd
    if not sd or margin is None or margin >= _VANISHING * sd:
        return ()
    return (
        f"{contrast.arm}: the margin of {margin:.2g} vanishes beside the spread of seeds (sd "
        f"{sd:.2g}), as the baseline scores next to nothing: nothing can be shown to be equivalent",
    )


def _seed_notes(arm: ArmResult, baseline: ArmResult, *, pairs: bool) -> tuple[str, ...]:
    mine, theirs = ({seed.seed for seed in result.seeds} for result in (arm, baseline))
    if mine == theirs:
        return ()
    listed = ", ".join(str(seed) for seed in sorted(mine ^ theirs))
    handling = (
        "the paired test leaves them out" if pairs else "the unpaired test uses all there are"
    )
    return (f"{arm.arm} and {baseline.arm} do not share the seeds {listed}; {handling}",)
