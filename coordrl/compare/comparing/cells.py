"""The arms of one game and algorithm: against the baseline, and against random play."""

from collections.abc import Sequence
from dataclasses import replace

from coordrl.compare.comparing.arms import of_scores
from coordrl.compare.comparing.contrasts import contrast
from coordrl.compare.comparing.results import ArmResult, Contrast
from coordrl.compare.reading.runs import Study
from coordrl.compare.statistics.two_arms import beats, margin_of


def any_beats(arms: Sequence[ArmResult], random: float) -> bool:
    """Return whether some arm is shown to beat random play."""
    # A single seed shows nothing; it speaks only where no arm has more.
    tested = [arm for arm in arms if len(arm.seeds) > 1] or arms
    return any(beats(arm.outcomes, random) for arm in tested)


def contrast_of(
    study: Study, name: str, arm: ArmResult | None, baseline: ArmResult | None, random: float | None
) -> Contrast:
    """Return an arm of a cell against the baseline, not yet corrected for the family.

    :param random: what random play scores, or None
    """
    if arm is None or baseline is None:
        seeds = (len(arm.seeds) if arm else 0, len(baseline.seeds) if baseline else 0)
        note = f"{name} or the baseline has no finished run"
        return Contrast(arm=name, seeds=seeds, notes=(note,))
    margin = margin_of(baseline.mean, random, study.declared.margin)
    found = contrast(arm, baseline, margin, pairs=study.declared.paired)
    found = replace(found, notes=(*found.notes, *_reference_notes(baseline, random)))
    if study.declared.outcome == "score":
        return found
    margin = margin_of(baseline.score, random, study.declared.margin)
    arms = (of_scores(arm), of_scores(baseline))
    return replace(found, secondary=contrast(*arms, margin, pairs=study.declared.paired))


def _reference_notes(baseline: ArmResult, random: float | None) -> tuple[str, ...]:
    """Return a note if the margin is a share of scores whose 0 means nothing."""
    if random is not None or min(baseline.outcomes) >= 0:
        return ()
    signs = "below 0" if max(baseline.outcomes) < 0 else "of both signs"
    return (
        f"{baseline.arm} has scores {signs}, and what random play scores is not known: the margin, "
        f"a share of their mean without its sign, means little",
    )
