"""The numbers that the page's script draws, as one JSON object in the page.

They are rounded to four digits, as many as a screen can show: ``comparison.json`` has them all.
"""

import json
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.comparing.aggregates import Aggregate
from coordrl.compare.comparing.curves import common_curves, difference_curve
from coordrl.compare.comparing.results import ArmResult, Comparison, Group
from coordrl.compare.writing.json_file import plain
from coordrl.compare.writing.points import return_label
from coordrl.compare.writing.style import limits, return_range, styles

# Both protocols of Atari repeat an action for four frames. Published human scores mark its games.
_ATARI_FRAMES = 4
_DIGITS = 4


def page_json(comparison: Comparison) -> str:
    """Return the data as JSON that is safe inside a script element."""
    text = json.dumps(page_data(comparison), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def page_data(comparison: Comparison) -> dict[str, Any]:
    """Return what the script draws: the arms' styles, curves and scores of groups, aggregates."""
    return {
        "baseline": comparison.baseline,
        "arms": [
            {"name": name, "colour": s.colour, "dash": s.dash, "marker": s.plotly_marker}
            for name, s in styles(comparison.arms).items()
        ],
        "groups": [_group(comparison, group) for group in comparison.groups],
        "aggregates": [_aggregate(aggregate) for aggregate in comparison.aggregates],
    }


def _group(comparison: Comparison, group: Group) -> dict[str, Any]:
    baseline = next((arm for arm in group.arms if arm.arm == comparison.baseline), None)
    pairs = comparison.declared.paired
    others = [arm for arm in group.arms if baseline and arm.arm != comparison.baseline]
    return {
        "game": group.game,
        "points": return_label([group]),
        "algorithm": group.algorithm,
        "title": group.title,
        "length": group.n_timesteps,
        "random": group.random_score,
        "frames": None if group.human_score is None else _ATARI_FRAMES,
        "timesteps": group.arms[0].curve.timesteps.tolist(),
        "range": return_range(group),
        "arms": [_arm(arm) for arm in group.arms],
        "differences": [_difference(arm, baseline, pairs=pairs) for arm in others if baseline],
        "informative": group.informative,
        "verdicts": {found.arm: found.verdict for found in group.contrasts if found.verdict},
        "margins": {found.arm: found.margin for found in group.contrasts},
    }


def _arm(arm: ArmResult) -> dict[str, Any]:
    curve = arm.curve
    return {
        "name": arm.arm,
        "mean": _rounded(curve.mean),
        "lower": _rounded(curve.lower),
        "upper": _rounded(curve.upper),
        "seeds": [_rounded(values) for values in curve.seeds],
        "carried": curve.carried.sum(axis=0).tolist() if curve.carried.any() else None,
        "hours": None if curve.wall_seconds is None else _rounded(curve.wall_seconds / 3600),
        "runs": [[run.seed, run.score, run.games] for run in arm.seeds],
        "score": arm.score,
        "interval": arm.score_interval,
    }


def _difference(arm: ArmResult, baseline: ArmResult, *, pairs: bool) -> dict[str, Any]:
    found = difference_curve(arm, baseline, pairs=pairs)
    mine, theirs = common_curves(arm, baseline)
    seeds = mine - theirs
    return {
        "name": arm.arm,
        "mean": _rounded(found.mean),
        "lower": _rounded(found.lower),
        "upper": _rounded(found.upper),
        "seeds": [_rounded(values) for values in seeds],
        "range": limits(
            np.array([0.0, *found.mean, *np.ravel(seeds)]), np.array([*found.lower, *found.upper])
        ),
    }


def _aggregate(aggregate: Aggregate) -> dict[str, Any]:
    """Return the parts of an aggregate that are drawn."""
    return {
        "algorithm": aggregate.algorithm,
        "games": len(aggregate.games),
        "tau": _rounded(aggregate.tau),
        "arms": [
            {
                "name": arm.arm,
                "metrics": {
                    name: plain(getattr(arm, name))
                    for name in ("iqm", "median", "mean", "optimality_gap")
                },
                "profile": arm.profile
                and {
                    name: _rounded(getattr(arm.profile, name))
                    for name in ("values", "lower", "upper")
                },
            }
            for arm in aggregate.arms
        ],
    }


def _rounded(values: NDArray[np.floating[Any]]) -> list[float | None]:
    return [_rounded_number(value) if isfinite(value) else None for value in values.tolist()]


def _rounded_number(value: float) -> float:
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short
