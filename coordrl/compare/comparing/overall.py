"""All games of an algorithm together: the aggregates of a comparison."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from coordrl.compare.comparing.aggregates import (
    Aggregate,
    AggregateArm,
    AggregateContrast,
    Estimate,
    Profile,
)
from coordrl.compare.comparing.results import Contrast, Group
from coordrl.compare.comparing.samples import ArmGames, Sample, estimate
from coordrl.compare.statistics.many_games import (
    BOOTSTRAP_SEED,
    REPETITIONS,
    Array,
    mean_difference,
    mean_ranks,
    percentiles,
    probability_of_improvement,
)

# Points of a performance profile.
_POINTS = 201
# With fewer seeds these intervals are clearly too narrow: docs/statistics.md has measurements.
_FEW_SEEDS = 20


def aggregates(
    groups: Sequence[Group], arms: Sequence[str], baseline: str, *, stopped: bool = False
) -> tuple[Aggregate, ...]:
    """Return what holds over the games of each algorithm that has two or more.

    :param arms: all arms, the baseline first
    :param stopped: whether scores decided how many seeds there are
    """
    games = Counter(group.algorithm for group in groups)
    found = [
        _aggregate([group for group in groups if group.algorithm == algorithm], arms, baseline)
        for algorithm, number in games.items()
        if number > 1
    ]
    if stopped:
        note = (
            "looks at the scores decided when to stop, which exaggerates differences a little; "
            "all seeds there are enter here"
        )
        found = [replace(each, notes=(*each.notes, note)) for each in found]
    return tuple(found)


def _aggregate(groups: Sequence[Group], names: Sequence[str], baseline: str) -> Aggregate:
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    arms = {name: ArmGames(games, generator) for name in names if (games := _games(groups, name))}
    left_out = {g.game: why for g in groups if (why := _why_left_out(g, arms)) is not None}
    scored = [group.game for group in groups if group.game not in left_out]
    samples = _normalised(groups, scored, arms) if len(scored) > 1 else {}
    tau = _tau(list(samples.values()))
    ranks = _ranks(arms)
    return Aggregate(
        algorithm=groups[0].algorithm,
        games=tuple(scored),
        left_out=tuple(left_out.items()),
        arms=tuple(_arm(name, samples.get(name), tau, ranks.get(name)) for name in arms),
        contrasts=_contrasts(groups, arms, baseline, samples),
        tau=tau,
        repetitions=REPETITIONS,
        seed=BOOTSTRAP_SEED,
        notes=_notes(arms),
    )


def _games(groups: Sequence[Group], arm: str) -> dict[str, Array]:
    """Return the scores of an arm in the games in which it has finished runs."""
    found = [(group.game, result) for group in groups for result in group.arms]
    return {game: np.array(result.outcomes) for game, result in found if result.arm == arm}


def _common(arms: Sequence[ArmGames]) -> list[str]:
    """Return the games in which all these arms have finished runs."""
    return [game for game in arms[0].games if all(game in arm.games for arm in arms)]


def _why_left_out(group: Group, arms: Mapping[str, ArmGames]) -> str | None:
    """Return why a game's scores cannot be human-normalised for every arm, or None."""
    if group.random_score is None or group.human_score is None:
        return f"no {'random' if group.random_score is None else 'human'} score is known"
    if group.human_score <= group.random_score:
        return "the human score is not above the random one"
    missing = [name for name, arm in arms.items() if group.game not in arm.games]
    return f"no finished run of {', '.join(missing)}" if missing else None


def _normalised(
    groups: Sequence[Group], games: Sequence[str], arms: Mapping[str, ArmGames]
) -> dict[str, Sample]:
    references = {
        group.game: (group.random_score, group.human_score)
        for group in groups
        if group.random_score is not None and group.human_score is not None
    }
    return {name: arm.over(games, references) for name, arm in arms.items()}


def _tau(samples: Sequence[Sample]) -> Array:
    """Return even quantiles of all arms' scores: dense where profiles change, at any scale."""
    if not samples:
        return np.empty(0)
    pooled = np.concatenate([sample.scores.values for sample in samples])
    return np.unique(np.quantile(pooled, np.linspace(0, 1, _POINTS)))


def _ranks(arms: Mapping[str, ArmGames]) -> dict[str, Estimate]:
    """Return the mean rank of each arm over the games that have all arms."""
    games = _common(list(arms.values()))
    if not games:
        return {}
    samples = [arm.over(games) for arm in arms.values()]
    values = mean_ranks(np.array([s.scores.game_means(s.weights) for s in samples]))
    drawn = mean_ranks(np.array([s.scores.game_means(s.resampled) for s in samples]))
    return {name: estimate(values[i], drawn[i]) for i, name in enumerate(arms)}


def _arm(name: str, sample: Sample | None, tau: Array, rank: Estimate | None) -> AggregateArm:
    if sample is None:
        return AggregateArm(arm=name, rank=rank)
    scores = sample.scores
    lower, upper = percentiles(scores.profile(sample.resampled, tau))
    return AggregateArm(
        arm=name,
        mean=sample.estimate(scores.mean),
        median=sample.estimate(scores.median),
        iqm=estimate(sample.iqm, sample.resampled_iqm),
        optimality_gap=sample.estimate(scores.optimality_gap),
        profile=Profile(values=scores.profile(sample.weights, tau), lower=lower, upper=upper),
        rank=rank,
    )


def _contrasts(
    groups: Sequence[Group],
    arms: Mapping[str, ArmGames],
    baseline: str,
    samples: Mapping[str, Sample],
) -> tuple[AggregateContrast, ...]:
    """Return every arm that shares a game with the baseline against it."""
    if baseline not in arms:
        return ()
    found = []
    for name, arm in arms.items():
        games = _common([arm, arms[baseline]])
        if name == baseline or not games:
            continue
        counted = _counted([group for group in groups if group.game in games], name)
        x, y = samples.get(name), samples.get(baseline)
        found.append(
            AggregateContrast(
                arm=name,
                games=len(games),
                probability_of_improvement=_improvement(
                    arm.over(games), arms[baseline].over(games)
                ),
                iqm_difference=_iqm_difference(x, y) if x and y else None,
                mean_difference=_mean_difference(x, y) if x and y else None,
                **counted,
            )
        )
    return tuple(found)


def _counted(groups: Sequence[Group], arm: str) -> dict[str, int]:
    """Return wins, ties and losses of an arm, and its verdicts."""
    pairs = [(group, c) for group in groups for c in group.contrasts if c.arm == arm]
    signs = [_sign(group, contrast) for group, contrast in pairs]
    verdicts = Counter(contrast.verdict for _, contrast in pairs)
    return {
        "wins": signs.count(1),
        "ties": signs.count(0),
        "losses": signs.count(-1),
        "better": verdicts["better"],
        "worse": verdicts["worse"],
    }


def _sign(group: Group, contrast: Contrast) -> int:
    """Return 1 or -1 for a mean above or below the baseline's by more than the margin, else 0."""
    difference, margin = contrast.difference, contrast.margin
    if not group.informative or difference is None or margin is None:
        return 0
    return int(np.sign(difference)) if abs(difference) > margin else 0


def _improvement(x: Sample, y: Sample) -> Estimate:
    return estimate(
        probability_of_improvement(x.scores, y.scores, x.weights, y.weights),
        probability_of_improvement(x.scores, y.scores, x.resampled, y.resampled),
    )


def _iqm_difference(x: Sample, y: Sample) -> Estimate:
    return estimate(x.iqm - y.iqm, x.resampled_iqm - y.resampled_iqm)


def _mean_difference(x: Sample, y: Sample) -> Estimate:
    found = mean_difference(x.scores, y.scores)
    value = x.scores.mean(x.weights) - y.scores.mean(y.weights)
    return Estimate(value=float(value), interval=found.interval() if found else None)


def _notes(arms: Mapping[str, ArmGames]) -> tuple[str, ...]:
    seeds = [scores.size for arm in arms.values() for scores in arm.games.values()]
    fewest, most = min(seeds), max(seeds)
    notes = []
    if fewest < _FEW_SEEDS:
        notes.append(
            f"with {fewest} seeds, bootstrap intervals over games are narrower than 95 % "
            f"intervals should be"
        )
    if fewest < most:
        notes.append(
            f"arms and games differ in seeds ({fewest} to {most}); every game weighs the same"
        )
    return tuple(notes)
