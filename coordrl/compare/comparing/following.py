"""A sequential study, followed from look to look: a function of its runs alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from coordrl.compare.comparing.arms import of_seeds
from coordrl.compare.comparing.cells import any_beats, contrast_of
from coordrl.compare.comparing.contrasts import estimate_of, margin_notes
from coordrl.compare.comparing.results import (
    ArmResult,
    Contrast,
    Group,
    LookResult,
    SequentialResult,
)
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.runs import Missing, RunKey, Sequential, Study
from coordrl.compare.statistics.looks import (
    Course,
    Design,
    Evidence,
    correct_looks,
    state_of,
    take_look,
)
from coordrl.compare.statistics.power import seeds_needed
from coordrl.compare.statistics.sequential import nominal_levels, weights
from coordrl.compare.statistics.two_arms import ALPHA, decide, size_of

# How many runs a note names before it counts the others.
_NAMED = 3
#: Game, algorithm and arm.
Cell = tuple[str, str, str]


@dataclass(frozen=True)
class Following:
    """How a sequential study stands.

    :param courses: the looks at each comparison, by game, algorithm and arm
    :param found: what each comparison's last look showed; those without any runs are left out
    """

    declared: Sequential
    design: Design
    baseline: str
    courses: Mapping[Cell, Course]
    found: Mapping[Cell, Contrast]

    @property
    def taken(self) -> int:
        """How many looks have been taken."""
        return max((len(course) for course in self.courses.values()), default=0)

    def needed(self, *, ahead: int = 0) -> dict[Cell, int]:
        """Return how many of the first seeds each arm needs, the baselines among them.

        Arms whose comparison has stopped need those that it used, live ones those of the next look.

        :param ahead: of how many further looks, for cores that would be idle
        """
        looks = self.design.looks
        counts: dict[Cell, int] = {}
        for cell, course in self.courses.items():
            coming = min(self.taken + ahead, len(looks) - 1)
            live = state_of(course) == "live"
            counts[cell] = looks[coming] if live else looks[len(course) - 1]
        for (game, algorithm, _), number in list(counts.items()):
            cell = (game, algorithm, self.baseline)
            counts[cell] = max(counts.get(cell, 0), number)
        return counts

    def runs_needed(self, *, ahead: int = 0) -> set[RunKey]:
        """Return the runs of these seeds."""
        return {
            RunKey(*cell, seed)
            for cell, number in self.needed(ahead=ahead).items()
            for seed in self.declared.seeds[:number]
        }

    def missing(self, study: Study) -> tuple[Missing, ...]:
        """Return the missing runs without those that are not needed any more."""
        needed = self.runs_needed(ahead=len(self.design.looks))
        return tuple(run for run in study.missing if run.key is None or run.key in needed)

    def notes(self, study: Study) -> list[str]:
        """Say which runs went beyond what looks have used, and where a record disagrees."""
        return [*self._beyond(study), *self._disagreements(study)]

    def _disagreements(self, study: Study) -> list[str]:
        """Compare with what was recorded when the looks were taken."""
        notes = []
        for decision in study.declared.decisions:
            course = self.courses.get(decision[1:4], ())
            taken = 0 < decision.look <= len(course)
            state = course[decision.look - 1].state if taken else "no look"
            if state != decision.state:
                notes.append(
                    f"look {decision.look} at {decision.game}, {decision.algorithm}, "
                    f"{decision.arm} was recorded as {decision.state}, and is {state} with the "
                    f"runs as they are now"
                )
        return notes

    def _beyond(self, study: Study) -> list[str]:
        needed = self.runs_needed(ahead=len(self.design.looks))
        beyond = [run.name for run in study.runs if run.key not in needed]
        if not beyond:
            return []
        more = f" and {len(beyond) - _NAMED} others" if len(beyond) > _NAMED else ""
        return [
            f"{len(beyond)} runs went beyond the look at which their comparison stopped: they are "
            f"in curves and in the means of arms only: {', '.join(beyond[:_NAMED])}{more}"
        ]

    def result(self, study: Study) -> SequentialResult:
        """Return the same in numbers."""
        counts = self.needed(ahead=-1) if self.taken else {}
        levels = [
            nominal_levels(self.design.looks, ALPHA / number, pairs=self.design.pairs)
            for number in (self.design.family, 1)
        ]
        return SequentialResult(
            looks=self.design.looks,
            weights=weights(self.design.looks),
            levels=(levels[0], levels[1]),
            taken=self.taken,
            live=sum(state_of(course) == "live" for course in self.courses.values()),
            runs=len(study.keys),
            needed=sum(counts.values()),
        )


def follow(study: Study, groups: Sequence[Group], baseline: str) -> Following:
    """Take all looks that can be taken.

    A look is taken when of every live comparison all runs of its seeds have finished or are given
    up, in the arm and in the baseline. Runs beyond it do not enter it.

    :param groups: with all runs there are
    :raises CompareError: if the study is not sequential, or declared another baseline
    """
    declared = study.declared.sequential
    if declared is None:
        raise CompareError(f"{study.declared.name} declares no looks")
    if study.declared.baseline not in (None, baseline):
        raise CompareError(
            f"a sequential study is about its declared baseline, {study.declared.baseline}: leave "
            f"out --baseline"
        )
    cells = [cell for cell in dict.fromkeys(key[:3] for key in study.keys) if cell[2] != baseline]
    design = Design(declared.looks, len(cells), study.declared.paired, declared.futility)
    by_name = {(group.game, group.algorithm): group for group in groups}
    ended = _ended(study)
    courses: dict[Cell, Course] = dict.fromkeys(cells, ())
    found: dict[Cell, Contrast] = {}
    for number in design.looks:
        seeds = declared.seeds[:number]
        live = [cell for cell in cells if state_of(courses[cell]) == "live"]
        if not live or not all(_wanted(cell, baseline, seeds) <= ended for cell in live):
            break
        shown = {
            cell: _shown(study, group, cell[2], baseline, _arms(group, declared, courses, number))
            for cell in live
            if (group := by_name.get(cell[:2])) is not None
        }
        evidence = [None if (each := shown.get(cell)) is None else each.evidence for cell in cells]
        taken = take_look(design, list(courses.values()), evidence)
        courses = dict(zip(cells, taken, strict=True))
        for cell, each in shown.items():
            if each is not None:
                looks = found[cell].looks if cell in found else ()
                found[cell] = _with_look(each, looks, courses[cell], design)
    final = [course for course in courses.values() if course]
    corrected = dict(zip(courses, correct_looks(final, design), strict=True)) if final else {}
    concluded = {
        cell: _concluded(contrast, corrected[cell], design) for cell, contrast in found.items()
    }
    return Following(declared, design, baseline, courses, concluded)


def _ended(study: Study) -> set[RunKey]:
    """Return the runs that have finished or are given up."""
    given_up = {run.key for run in study.missing if run.given_up and run.key is not None}
    return {run.key for run in study.runs} | given_up


def _wanted(cell: Cell, baseline: str, seeds: Sequence[int]) -> set[RunKey]:
    """Return the runs that a look at a comparison needs."""
    return {RunKey(*cell[:2], arm, seed) for arm in (cell[2], baseline) for seed in seeds}


@dataclass(frozen=True)
class _Shown:
    """What the first seeds show of a comparison."""

    contrast: Contrast
    evidence: Evidence


def _arms(
    group: Group, declared: Sequential, courses: Mapping[Cell, Course], number: int
) -> dict[str, ArmResult]:
    """Return the arms of a group as a look sees them: with so many seeds, stopped ones with fewer.

    :param courses: before the look
    """
    found = {}
    for arm in group.arms:
        course = courses.get((group.game, group.algorithm, arm.arm), ())
        seen = number if state_of(course) == "live" else declared.looks[len(course) - 1]
        part = of_seeds(arm, declared.seeds[:seen])
        if part is not None:
            found[arm.arm] = part
    return found


def _shown(
    study: Study, group: Group, name: str, baseline: str, arms: Mapping[str, ArmResult]
) -> _Shown | None:
    """Return what arms show of a comparison, None if one of the two has no runs."""
    if name not in arms or baseline not in arms:
        return None
    random = group.random_score
    contrast = contrast_of(study, name, arms[name], arms[baseline], random)
    if contrast.p_value is None or contrast.margin is None:
        return None
    evidence = Evidence(
        p_value=contrast.p_value,
        p_equivalence=contrast.p_equivalence,
        estimate=estimate_of(arms[name], arms[baseline], pairs=study.declared.paired),
        margin=contrast.margin,
        informative=random is None or any_beats(list(arms.values()), random),
    )
    return _Shown(contrast, evidence)


def _with_look(
    shown: _Shown, looks: tuple[LookResult, ...], course: Course, design: Design
) -> Contrast:
    """Return a contrast with its newest look, whose interval is the repeated one."""
    contrast, estimate = shown.contrast, shown.evidence.estimate
    taken = len(course) - 1
    interval = contrast.interval  # of arms whose scores do not vary
    if estimate is not None:
        interval = estimate.interval(1 - ALPHA * weights(design.looks)[taken])
    look = LookResult(
        **vars(course[-1]),
        planned=design.looks[taken],
        seeds=contrast.seeds,
        difference=contrast.difference,
        interval=interval,
    )
    return replace(
        contrast, interval=interval, interval_fixed=contrast.interval, looks=(*looks, look)
    )


def _concluded(contrast: Contrast, course: Course, design: Design) -> Contrast:
    """Return a contrast with its verdict, if it has one, and what that rests on.

    :param course: corrected with the newest looks of all comparisons
    """
    look = course[-1]
    contrast = replace(
        contrast,
        p_sequential=look.p_sequential,
        p_holm=look.p_holm,
        p_equivalence=look.p_equivalence_holm,
        p_possible=look.p_possible,
    )
    difference, margin = contrast.difference, contrast.margin
    if look.state == "live" or difference is None or margin is None:
        return contrast
    verdict = decide(
        difference,
        margin,
        informative=look.state != "uninformative",
        interval=contrast.interval,
        p_difference=look.p_holm,
        p_equivalence=look.p_equivalence_holm,
        p_possible=look.p_possible,
    )
    if verdict != "uninformative":
        contrast = replace(contrast, notes=(*contrast.notes, *margin_notes(contrast)))
    if verdict in ("better", "worse"):
        return replace(contrast, verdict=verdict, size=size_of(contrast.interval, margin))
    if verdict != "inconclusive" or contrast.sd is None:
        return replace(contrast, verdict=verdict)
    needed = seeds_needed(margin, contrast.sd, ALPHA / design.family, pairs=design.pairs)
    return replace(contrast, verdict=verdict, seeds_needed=needed)
