"""What a pilot study tells about the seeds and timesteps that a real one needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from coordrl.compare.comparing.curves import common_curves
from coordrl.compare.comparing.results import ArmResult, Comparison, Contrast, Group
from coordrl.compare.statistics.power import seeds_needed
from coordrl.compare.statistics.two_arms import ALPHA, POWER, beats, margin_of, sample_sd

# Where along the runs the plan is made, as shares of their timesteps.
_SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """What the pilot shows at some point of its runs, and the seeds that follow from it.

    :param timesteps: into the runs
    :param difference: mean curve of the arm minus that of the baseline
    :param sd: standard deviation between seeds (paired: of the differences)
    :param margin: the smallest difference that matters
    :param seeds: per arm, to find a difference as large as the margin with 80 % power after
        Holm's correction; None if no number up to 10,000 does
    :param cautious: the same with the upper 80 % confidence limit of the standard deviation
    """

    timesteps: int
    difference: float
    sd: float
    margin: float
    seeds: int | None
    cautious: int | None


@dataclass(frozen=True, kw_only=True)
class ContrastPlan:
    """The plan for an arm against the baseline.

    :param title: game and algorithm
    :param horizons: a quarter, half, three quarters of the way, and the end; those at which both
        arms have two seeds with a finished game
    :param rising: arms whose curves still rise at the end
    :param note: why there are no horizons, or None
    """

    title: str
    arm: str
    horizons: tuple[Horizon, ...]
    rising: tuple[str, ...]
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """The plan for a study like its pilot.

    :param family: how many tests Holm's correction is for
    :param contrasts: one for each arm other than the baseline, in each game and algorithm
    :param seconds_per_seed: processor time (where unknown, wall time) of one seed of everything;
        None if an arm recorded neither
    """

    family: int
    contrasts: tuple[ContrastPlan, ...]
    seconds_per_seed: float | None

    def seeds(self, *, cautious: bool = False) -> list[int]:
        """Return the seeds at the end of the runs, of each contrast that can be planned."""
        ends = [plan.horizons[-1] for plan in self.contrasts if plan.horizons]
        numbers = [end.cautious if cautious else end.seeds for end in ends]
        return [number for number in numbers if number is not None]


def plan_study(pilot: Comparison, family: int | None = None) -> StudyPlan:
    """Plan a study from a pilot with the same arms, games and timesteps.

    :param family: how many tests the study will have; by default as many as the pilot
    """
    family = family or pilot.family
    arms = [arm for group in pilot.groups for arm in group.arms]
    seconds = [arm.cpu_seconds or arm.wall_seconds for arm in arms]
    known = [second for second in seconds if second is not None]
    return StudyPlan(
        family=family,
        contrasts=tuple(
            _plan_contrast(pilot, group, contrast, ALPHA / family)
            for group, contrast in pilot.contrasts()
        ),
        seconds_per_seed=sum(known) if len(known) == len(seconds) else None,
    )


def upper_sd(sd: float, df: int) -> float:
    """Return the upper 80 % confidence limit of a sd with df degrees of freedom, to plan with.

    sd * sqrt(df / chi2(0.2; df)): a study planned with a pilot's own sd has less than its power
    more often than not (R. H. Browne, "On the use of a pilot sample for sample size
    determination", Statistics in Medicine 14, 1995).
    """
    return sd * float(np.sqrt(df / stats.chi2.ppf(1 - POWER, df)))


def _plan_contrast(
    pilot: Comparison, group: Group, contrast: Contrast, alpha: float
) -> ContrastPlan:
    arms = {arm.arm: arm for arm in group.arms}
    arm, baseline = arms.get(contrast.arm), arms.get(pilot.baseline)
    horizons: tuple[Horizon, ...] = ()
    rising: tuple[str, ...] = ()
    if arm is not None and baseline is not None:
        rising = tuple(a.arm for a in (baseline, arm) if _rises(a, pilot.declared.window))
        if group.informative:
            horizons = _horizons(pilot, group, (arm, baseline), alpha)
    return ContrastPlan(
        title=group.title,
        arm=contrast.arm,
        horizons=horizons,
        rising=rising,
        note=None if horizons else _why_not(group, contrast),
    )


def _why_not(group: Group, contrast: Contrast) -> str:
    if contrast.verdict is None:
        return "no finished run of one of the arms"
    if not group.informative:
        return "no arm beats random play: longer runs come before more seeds"
    return "the pilot needs two seeds per arm whose scores differ"


def _horizons(
    pilot: Comparison, group: Group, arms: tuple[ArmResult, ArmResult], alpha: float
) -> tuple[Horizon, ...]:
    pairs = pilot.declared.paired
    x, y = common_curves(*arms) if pairs else (a.curve.seeds for a in arms)
    timesteps = arms[0].curve.timesteps
    found = []
    for share in _SHARES:
        k = max(0, round(share * len(timesteps)) - 1)
        spread = _spread(x[:, k], y[:, k], pairs=pairs)
        if spread is None:
            continue
        sd, df = spread
        margin = margin_of(float(y[:, k].mean()), group.random_score, pilot.declared.margin)
        needed = [seeds_needed(margin, s, alpha, pairs=pairs) for s in (sd, upper_sd(sd, df))]
        found.append(
            Horizon(
                timesteps=int(timesteps[k]),
                difference=float(x[:, k].mean() - y[:, k].mean()),
                sd=sd,
                margin=margin,
                seeds=needed[0],
                cautious=needed[1],
            )
        )
    return tuple(found)


def _spread(
    x: NDArray[np.float64], y: NDArray[np.float64], *, pairs: bool
) -> tuple[float, int] | None:
    """Return the standard deviation to plan with and its degrees of freedom, if there is one."""
    sds = [sample_sd(x - y)] if pairs else [sample_sd(x), sample_sd(y)]
    known = [sd for sd in sds if sd is not None]
    sd = float(np.sqrt(np.mean(np.square(known)))) if len(known) == len(sds) else 0.0
    if not sd > 0:  # nor NaN, before a seed's first game has ended
        return None
    return sd, len(x) - 1 if pairs else len(x) + len(y) - 2


def _rises(arm: ArmResult, window: float) -> bool:
    """Return whether the last window's scores are shown to lie above those of the one before."""
    points = arm.curve.seeds.shape[1]
    back = max(1, round(window * points))
    if back >= points:
        return False
    gains = arm.curve.seeds[:, -1] - arm.curve.seeds[:, -1 - back]
    return bool(np.isfinite(gains).all()) and beats(gains, 0.0)
