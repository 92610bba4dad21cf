"""From a study's runs to its comparison."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from coordrl.compare.comparing.arms import arm_result
from coordrl.compare.comparing.cells import any_beats, contrast_of
from coordrl.compare.comparing.contrasts import correct
from coordrl.compare.comparing.curves import thresholds
from coordrl.compare.comparing.following import Following, follow
from coordrl.compare.comparing.overall import aggregates
from coordrl.compare.comparing.results import Comparison, Contrast, Group
from coordrl.compare.comparing.words import finding, headline
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.runs import Run, Study
from coordrl.compare.statistics.attainability import seeds_to_attain

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
    groups = _groups(study, baseline)
    groups = [replace(group, thresholds=thresholds(group, baseline)) for group in groups]
    following = follow(study, groups, baseline) if study.declared.sequential and family else None
    if following is None:
        contrasted = [replace(g, contrasts=_contrasts(study, g, baseline)) for g in groups]
        groups = _correct(contrasted, family, pairs=study.declared.paired)
    else:
        groups = [replace(g, contrasts=_followed(study, g, following)) for g in groups]
    sequential = None if following is None else following.result(study)
    contrasts = [found for group in groups for found in group.contrasts]
    findings = [finding(g, found, baseline) for g in groups for found in g.contrasts]
    return Comparison(
        declared=study.declared,
        baseline=baseline,
        arms=arms,
        family=family,
        seeds_to_attain=seeds_to_attain(family, pairs=study.declared.paired) if family else None,
        headline=headline(contrasts, findings, baseline, family, sequential),
        findings=tuple(findings),
        groups=tuple(groups),
        missing=study.missing if following is None else following.missing(study),
        notes=(
            *_baseline_note(study, baseline),
            *study.notes,
            *_run_notes(study),
            *(following.notes(study) if following else ()),
        ),
        provenance=_provenance(study.runs),
        aggregates=aggregates(groups, arms, baseline, stopped=following is not None),
        sequential=sequential,
    )


def follow_study(study: Study) -> Following:
    """Take the looks of a sequential study, and nothing more.

    :raises CompareError: as :func:`compare`
    """
    baseline = _baseline(study, None)
    return follow(study, _groups(study, baseline), baseline)


def _run_notes(study: Study) -> tuple[str, ...]:
    return tuple(f"{run.name}: {note}" for run in study.runs for note in run.notes)


def _baseline(study: Study, asked: str | None) -> str:
    """Return the arm the others are compared with."""
    arms = list(dict.fromkeys(key.arm for key in study.keys))
    chosen = asked or study.declared.baseline or (arms[0] if len(arms) == 1 else STANDARD)
    if chosen not in arms:
        listed = ", ".join(arms)
        raise CompareError(f"no arm is called {chosen!r}: choose the baseline among {listed}")
    return chosen


def _baseline_note(study: Study, baseline: str) -> list[str]:
    """Return a note if these comparisons are not those that the study declared."""
    declared = study.declared.baseline
    if declared in (None, baseline):
        return []
    return [
        f"the study declared {declared} as its baseline: comparisons with {baseline} are others"
    ]


def _groups(study: Study, baseline: str) -> list[Group]:
    """Return the games and algorithms that have finished runs, without contrasts."""
    arms = tuple(dict.fromkeys([baseline, *(key.arm for key in study.keys)]))
    groups = []
    for cell in dict.fromkeys(key[:2] for key in study.keys):
        runs = [run for run in study.runs if run.key[:2] == cell]
        if runs:
            groups.append(_group(study, runs, arms))
    return groups


def _group(study: Study, runs: Sequence[Run], wanted: Sequence[str]) -> Group:
    """Return the arms of one game and algorithm that have runs, in the order of those wanted."""
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
        informative=random is None or any_beats(list(arms.values()), random),
        arms=tuple(arms.values()),
        contrasts=(),
    )


def _others(study: Study, group: Group, baseline: str) -> list[str]:
    """Return the arms that the study compares with the baseline in a group."""
    cell = (group.game, group.algorithm)
    names = dict.fromkeys(key.arm for key in study.keys if key[:2] == cell)
    return [name for name in names if name != baseline]


def _contrasts(study: Study, group: Group, baseline: str) -> tuple[Contrast, ...]:
    """Return every other arm of a group against the baseline, not yet corrected."""
    arms = {arm.arm: arm for arm in group.arms}
    return tuple(
        contrast_of(study, name, arms.get(name), arms.get(baseline), group.random_score)
        for name in _others(study, group, baseline)
    )


def _followed(study: Study, group: Group, following: Following) -> tuple[Contrast, ...]:
    """Return what a sequential study's looks have shown of a group."""
    seeds = {arm.arm: len(arm.seeds) for arm in group.arms}
    baseline, looks = following.baseline, following.design.looks
    waits = f"no look has been taken yet: the first is when {looks[0]} seeds per arm have ended"
    found = []
    for name in _others(study, group, baseline):
        cell = (group.game, group.algorithm, name)
        reason = f"{name} or the baseline has no finished run" if following.taken else waits
        numbers = (seeds.get(name, 0), seeds.get(baseline, 0))
        none = Contrast(arm=name, seeds=numbers, notes=(reason,))
        found.append(following.found.get(cell, none))
    return tuple(found)


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
