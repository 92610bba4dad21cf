"""Trained agents by themselves: their games, their reliance on coordinates, what they learned."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coordrl.compare.comparing.aggregates import Estimate
from coordrl.compare.comparing.results import ArmResult, Comparison, Group
from coordrl.compare.reading.run_folders import read_png
from coordrl.compare.reading.runs import AgentEvaluation
from coordrl.compare.statistics.two_arms import mean_interval
from coordrl.compare.writing.templating import data_url

#: Images are in the page itself; more than this would make it heavy.
MOST_MAPS = 12


@dataclass(frozen=True, kw_only=True)
class TrainedAgents:
    """The evaluations of one arm that are of one kind; estimates are over seeds.

    :param deterministic: whether the most probable action was taken, or one drawn
    :param settings: of the environment, as text; "" for none
    :param score: mean return; None where only games without coordinates were played
    :param without: mean return with the coordinates switched off, where that was evaluated
    :param greedy_changed: the share of observations on which switching the coordinates off
        changes the most probable action, where it was measured
    :param kl: Kullback-Leibler divergence of the action distributions, likewise
    """

    group: Group
    arm: str
    deterministic: bool
    settings: str
    seeds: int
    score: Estimate | None
    without: Estimate | None
    greedy_changed: Estimate | None
    kl: Estimate | None


@dataclass(frozen=True)
class MapImage:
    """A picture of learned coordinate maps, as a data URI."""

    title: str
    uri: str


def trained_agents(comparison: Comparison) -> list[TrainedAgents]:
    """Return what evaluations have found, one for each game, algorithm, arm and kind of them."""
    return [
        _of_kind(group, arm, *kind)
        for group in comparison.groups
        for arm in group.arms
        for kind in _kinds(arm)
    ]


def map_images(comparison: Comparison) -> list[MapImage]:
    """Return the coordinate maps of the first seed of each arm, at most :data:`MOST_MAPS`."""
    found = [
        (f"{group.title}: {arm.arm}, seed {seed.seed}", Path(seed.coordinate_maps))
        for group in comparison.groups
        for arm in group.arms
        for seed in arm.seeds[:1]
        if seed.coordinate_maps
    ]
    return [MapImage(title, data_url("png", read_png(path))) for title, path in found[:MOST_MAPS]]


def _kinds(arm: ArmResult) -> list[tuple[bool, str]]:
    every = [evaluation for seed in arm.seeds for evaluation in seed.evaluations]
    return list(dict.fromkeys((found.deterministic, _settings(found)) for found in every))


def _settings(evaluation: AgentEvaluation) -> str:
    settings = evaluation.env_kwargs
    return json.dumps(settings, sort_keys=True) if settings else ""


def _of_kind(group: Group, arm: ArmResult, deterministic: bool, settings: str) -> TrainedAgents:
    found = [
        evaluation
        for seed in arm.seeds
        for evaluation in seed.evaluations
        if (evaluation.deterministic, _settings(evaluation)) == (deterministic, settings)
    ]
    normal = [evaluation for evaluation in found if evaluation.coordinates is not False]
    without = [evaluation.mean for evaluation in found if evaluation.coordinates is False]
    return TrainedAgents(
        group=group,
        arm=arm.arm,
        deterministic=deterministic,
        settings=settings,
        seeds=len(normal),
        score=_estimate([evaluation.mean for evaluation in normal]),
        without=_estimate(without),
        greedy_changed=_estimate(_reliance(normal, "greedy_changed")),
        kl=_estimate(_reliance(normal, "kl")),
    )


def _reliance(evaluations: Sequence[AgentEvaluation], name: str) -> list[float]:
    return [found.reliance[name] for found in evaluations if name in found.reliance]


def _estimate(values: Sequence[float]) -> Estimate | None:
    if not values:
        return None
    return Estimate(value=float(np.mean(values)), interval=mean_interval(values))
