"""The results of one arm, from its runs."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.comparing.results import ArmCurve, ArmResult, SeedResult
from coordrl.compare.reading.runs import Outcome, Run
from coordrl.compare.statistics.curves import learning_curve
from coordrl.compare.statistics.two_arms import mean_interval, sample_sd, t_half_width


def arm_result(arm: str, runs: Sequence[Run], window: float, outcome: Outcome) -> ArmResult:
    """Return the results of an arm in one game and algorithm.

    :param runs: its finished runs, at least one, all of the same length
    :param window: what each point of a curve looks back over, as a share of the run
    """
    runs = sorted(runs, key=lambda run: run.key.seed)
    curves = [
        learning_curve(run.timesteps, run.returns, run.n_timesteps, fraction=window) for run in runs
    ]
    scores = np.array([run.score.mean for run in runs])
    efficiencies = np.array([curve.mean for curve in curves])
    outcomes = scores if outcome == "score" else efficiencies
    return ArmResult(
        arm=arm,
        seeds=tuple(
            SeedResult(
                seed=run.key.seed,
                run=run.name,
                score=run.score.mean,
                games=run.score.games,
                sample_efficiency=curve.mean,
                outcome=run.score.mean if outcome == "score" else curve.mean,
                evaluations=run.evaluations,
                coordinate_maps=None if run.coordinate_maps is None else str(run.coordinate_maps),
            )
            for run, curve in zip(runs, curves, strict=True)
        ),
        mean=float(outcomes.mean()),
        sd=sample_sd(outcomes),
        interval=mean_interval(outcomes),
        score=float(scores.mean()),
        score_interval=mean_interval(scores),
        sample_efficiency=float(efficiencies.mean()),
        sample_efficiency_interval=mean_interval(efficiencies),
        parameters=runs[0].parameters,
        timesteps_per_second=_mean_timing(runs, "timesteps_per_second"),
        wall_seconds=_mean_timing(runs, "wall_seconds"),
        cpu_seconds=_mean_timing(runs, "cpu_seconds"),
        curve=_arm_curve(
            curves[0].timesteps,
            np.array([curve.values for curve in curves]),
            np.array([curve.carried for curve in curves]),
            _wall_seconds(runs, curves[0].timesteps),
        ),
    )


def of_seeds(arm: ArmResult, seeds: Collection[int]) -> ArmResult | None:
    """Return what an arm's runs with these seeds show by themselves; its curve stays that of all.

    :return: None if it has no such run
    """
    chosen = tuple(seed for seed in arm.seeds if seed.seed in seeds)
    if not chosen:
        return None
    outcomes = np.array([seed.outcome for seed in chosen])
    scores = np.array([seed.score for seed in chosen])
    return replace(
        arm,
        seeds=chosen,
        mean=float(outcomes.mean()),
        sd=sample_sd(outcomes),
        interval=mean_interval(outcomes),
        score=float(scores.mean()),
        score_interval=mean_interval(scores),
    )


def of_scores(arm: ArmResult) -> ArmResult:
    """Return an arm with the scores as what the comparison is about."""
    return replace(
        arm,
        seeds=tuple(replace(seed, outcome=seed.score) for seed in arm.seeds),
        mean=arm.score,
        sd=sample_sd([seed.score for seed in arm.seeds]),
        interval=arm.score_interval,
    )


def _arm_curve(
    timesteps: NDArray[np.int64],
    seeds: NDArray[np.float64],
    carried: NDArray[np.bool_],
    wall_seconds: NDArray[np.float64] | None,
) -> ArmCurve:
    # A point where some seed has no value yet stays NaN: a mean over fewer seeds would jump.
    mean = seeds.mean(axis=0)
    half = t_half_width(seeds)
    return ArmCurve(
        timesteps=timesteps,
        seeds=seeds,
        carried=carried,
        mean=mean,
        lower=mean - half,
        upper=mean + half,
        wall_seconds=wall_seconds,
    )


def _wall_seconds(runs: Sequence[Run], grid: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return the mean wall time at each point of the grid, between games by interpolation."""
    times = []
    for run in runs:
        if run.wall_seconds is None:
            return None
        order = np.argsort(run.timesteps, kind="stable")
        ends, walls = run.timesteps[order], run.wall_seconds[order]
        times.append(np.interp(grid, np.append(0, ends), np.append(0.0, walls)))
    return np.asarray(np.mean(times, axis=0), dtype=np.float64)


def _mean_timing(runs: Sequence[Run], name: str) -> float | None:
    values = [run.timing[name] for run in runs if run.timing and name in run.timing]
    return float(np.mean(values)) if values else None
