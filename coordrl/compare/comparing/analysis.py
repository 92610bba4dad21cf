"""From a study's runs to its comparison."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from coordrl.compare.comparing.arms import arm_result, of_scores
from coordrl.compare.comparing.contrasts import contrast, correct
from coordrl.compare.comparing.curves import thresholds
from coordrl.compare.comparing.overall import aggregates
from coordrl.compare.comparing.results import ArmResult, Comparison, Contrast, Group
from coordrl.compare.comparing.words import finding, headline
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.runs import Run, Study
from coordrl.compare.statistics.attainability import seeds_to_attain
from coordrl.compare.statistics.two_arms import beats, margin_of

STANDARD = "standard"


def compare(study: Study, baseline: str | None = None) -> Comparison:
    """Compare the arms of a study.

    :param baseline: the arm that the others are compared with; by default the study's, else
        "standard"
    :raises CompareError: for a baseline that is not one of the arms, and for runs of one game
        and algorithm that are not alike
    """
    baseline = _baseline(study, baseline)
    arms = tuple(dict.fromkeys([baseline, *(key.arm for key in study.keys)]))
    cells = dict.fromkeys(key[:3] for key in study.keys)
    family = sum(arm != baseline for _, _, arm in cells)
    groups = []
    for game, algorithm in dict.fromkeys(cell[:2] for cell in cells):
        runs = [run for run in study.runs if run.key[:2] == (game, algorithm)]
        if runs:
            wanted = [arm for arm in arms if (game, algorithm, arm) in cells]
            group = _group(study, runs, wanted, baseline)
            groups.append(replace(group, thresholds=thresholds(group, baseline)))
    groups = _correct(groups, family, pairs=study.declared.paired)
    contrasts = [found for group in groups for found in group.contrasts]
    findings = [finding(g, found, baseline) for g in groups for found in g.contrasts]
    return Comparison(
        declared=study.declared,
        baseline=baseline,
        arms=arms,
        family=family,
        seeds_to_attain=seeds_to_attain(family, pairs=study.declared.paired) if family else None,
        headline=headline(contrasts, findings, baseline, family),
        findings=tuple(findings),
        groups=tuple(groups),
        missing=study.missing,
        notes=study.notes
        + tuple(f"{run.name}: {note}" for run in study.runs for note in run.notes),
        provenance=_provenance(study.runs),
        aggregates=aggregates(groups, arms, baseline),
    )


def _baseline(study: Study, asked: str | None) -> str:
    """Return the arm the others are compared with."""
    arms = list(dict.fromkeys(key.arm for key in study.keys))
    chosen = asked or study.declared.baseline or (arms[0] if len(arms) == 1 else STANDARD)
    if chosen not in arms:
        listed = ", ".join(arms)
        raise CompareError(f"no arm is called {chosen!r}: choose the baseline among {listed}")
    return chosen


def _group(study: Study, runs: Sequence[Run], wanted: Sequence[str], baseline: str) -> Group:
    """Return the arms of one game and algorithm, their contrasts not yet corrected."""
    _check_alike(runs)
    first = runs[0]
    reference = first.reference_scores or {}
    random = reference.get("random")
    arms = {
        arm: arm_result(
            arm,
            [run for run in runs if run.key.arm == arm],
            study.declared.window,
            study.declared.outcome,
        )
        for arm in wanted
        if any(run.key.arm == arm for run in runs)
    }
    return Group(
        game=first.key.game,
        algorithm=first.key.algorithm,
        protocol=first.protocol,
        n_timesteps=first.n_timesteps,
        points=first.points,
        random_score=random,
        human_score=reference.get("human"),
        informative=random is None or _any_beats(list(arms.values()), random),
        arms=tuple(arms.values()),
        contrasts=tuple(
            _contrast(study, arm, arms.get(arm), arms.get(baseline), random)
            for arm in wanted
            if arm != baseline
        ),
    )


def _any_beats(arms: Sequence[ArmResult], random: float) -> bool:
    # A single seed shows nothing; it speaks only where no arm has more.
    tested = [arm for arm in arms if len(arm.seeds) > 1] or arms
    return any(beats(arm.outcomes, random) for arm in tested)


def _contrast(
    study: Study, name: str, arm: ArmResult | None, baseline: ArmResult | None, random: float | None
) -> Contrast:
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


def _correct(groups: Sequence[Group], family: int, *, pairs: bool) -> list[Group]:
    """Correct all contrasts as one family and put them back into their groups."""
    corrected = iter(
        correct(
            [found for group in groups for found in group.contrasts],
            [group.informative for group in groups for _ in group.contrasts],
            family,
            pairs=pairs,
        )
    )
    return [
        replace(group, contrasts=tuple(next(corrected) for _ in group.contrasts))
        for group in groups
    ]


def _check_alike(runs: Sequence[Run]) -> None:
    """Check that the runs of one game and algorithm can be compared at all."""
    first = runs[0]
    for run in runs[1:]:
        for what in ("n_timesteps", "points", "protocol", "reference_scores"):
            mine, theirs = getattr(run, what), getattr(first, what)
            if mine != theirs:
                raise CompareError(
                    f"{first.name} has {what} {theirs} and {run.name} {mine}: "
                    f"compare runs that share it"
                )


def _provenance(runs: Iterable[Run]) -> dict[str, dict[str, int]]:
    """Return how many runs have each value of each recorded fact."""
    counts: dict[str, Counter[str]] = {}
    for run in runs:
        for name, value in _flat(run.provenance):
            counts.setdefault(name, Counter())[value] += 1
    return {name: dict(counter) for name, counter in counts.items()}


def _flat(record: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, " ".join(str(item) for item in value)
        else:
            yield prefix + name, str(value)
