"""The table of all seeds, the comparisons, and what they say of the paper's claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coordrl.compare.statistics.two_arms import mean_interval
from paper.detection.boxes import ANCHORS
from paper.detection.networks import MODELS
from paper.reproduction import Planned
from paper.results import Result
from paper.tables import score
from paper.verdicts import Comparison, Samples, compare

PRIMARY = "select"
MEASURES = ("select", "average", "train", "truth", "recall", "precision")
MARGIN = 0.05
"""The smallest difference that matters, as a part of what the plain network has."""
CLAIM = 1.24
"""The paper's: 24 % better."""
RULE = (
    "Written before the trainings were run. The outcome is select. For each kind of anchors, "
    "CoordConv's ten seeds are compared with the plain network's ten by the exact unpaired "
    "permutation test and by two one-sided tests for equivalence, both with Holm's correction "
    "for the two kinds; a difference matters from 5 % of what the plain network has; verdicts "
    "are those of coordrl.compare. The claim, 24 % more overlap, is reproduced if CoordConv is "
    "better with the intended anchors and the 95 % interval of the ratio of both reaches 1.24; "
    "smaller than claimed if it is better and the interval does not reach 1.24; reproduced only"
    " with the released code's anchors if it is better with these and not with the intended "
    "ones; not reproduced if it is better with neither, and with the intended ones shown to be "
    "equivalent, worse, or better by less than 5 %; undecided otherwise. Trainings of other "
    "widths or lengths are shown, and decide nothing."
)


@dataclass(frozen=True)
class Run:
    """A finished training of the reproduction, and where it is."""

    planned: Planned
    result: Result
    folder: Path

    @property
    def arm(self) -> tuple[int, int, str, str]:
        """What all seeds have in common: width, epochs, anchors and model."""
        setting = self.result.setting
        return setting["width"], setting["epochs"], setting["anchors"], setting["model"]


def arms(runs: Sequence[Run]) -> dict[tuple[int, int, str, str], list[Run]]:
    """Group runs by arm: the smaller networks first, plain before CoordConv."""
    groups: dict[tuple[int, int, str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault(run.arm, []).append(run)

    def place(arm: tuple[int, int, str, str]) -> tuple[int, ...]:
        return arm[0], arm[1], ANCHORS.index(arm[2]), MODELS.index(arm[3])

    return {arm: groups[arm] for arm in sorted(groups, key=place)}


def comparisons(runs: Sequence[Run]) -> list[Comparison]:
    """Compare CoordConv with plain for each kind of anchors, in the arms that have most seeds."""
    groups = arms(runs)
    if not groups:
        return []
    main = max(groups, key=lambda arm: len(groups[arm]))[:2]
    family = []
    for anchors in ANCHORS:
        plain, coordconv = (_scores(groups.get((*main, anchors, model), [])) for model in MODELS)
        if min(len(plain), len(coordconv)) > 1:
            margin = MARGIN * sum(plain) / len(plain)
            family.append(Samples(anchors, plain, coordconv, margin))
    return compare(family) if family else []


def claim(found: Sequence[Comparison]) -> str:
    """Return the verdict on the paper's claim, as the rule has it."""
    by_name = {one.name: one for one in found}
    if set(by_name) != set(ANCHORS):
        return "undecided"
    intended, released = by_name["intended"], by_name["released"]
    if intended.verdict == "better":
        reached = intended.ratio_interval is not None and intended.ratio_interval.high >= CLAIM
        return "reproduced" if reached else "smaller than claimed"
    if released.verdict == "better":
        return "reproduced only with the released code's anchors"
    decided = intended.verdict in ("equivalent", "worse", "negligible")
    return "not reproduced" if decided else "undecided"


def answer(found: Sequence[Comparison]) -> str:
    """Answer the page's question in a sentence."""
    return (
        f"The paper reports 24 % more overlap with the digits. By the rule below: {claim(found)}."
    )


def finding(one: Comparison) -> str:
    """Say what a comparison has found."""
    text = (
        f"{one.name} anchors: select {score(one.means[0])} plain, {score(one.means[1])} CoordConv"
    )
    if one.interval is not None:
        ends = " to ".join(score(value) for value in one.interval)
        text += f", difference {score(one.difference)} (95 % interval {ends})"
    if one.ratio is not None and one.ratio_interval is not None:
        low, high = one.ratio_interval
        text += f", ratio {one.ratio:.2f} ({low:.2f} to {high:.2f})"
    seeds = f"{one.seeds[0]} and {one.seeds[1]} seeds"
    return f"{text}: {one.verdict} (p = {one.p:.2g}, margin {score(one.margin)}, {seeds})"


HEADINGS = ("width", "epochs", "anchors", "network", "parameters", "seeds", *MEASURES)


def rows(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    """Return the table as text: for each arm, means over seeds and their intervals."""
    return [
        (
            *map(str, arm),
            f"{some[0].result.parameters['network']:,}",
            str(len(some)),
            *(_mean(_scores(some, name)) for name in MEASURES),
        )
        for arm, some in arms(runs).items()
    ]


def records(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return each training as a record for CSV and JSON."""
    return [
        {
            "command": run.planned.command,
            **run.result.setting,
            **run.result.scores,
            "seconds": run.result.seconds,
            "fingerprint": run.result.fingerprint,
            "data": run.result.data,
        }
        for run in runs
    ]


def _scores(runs: Sequence[Run], name: str = PRIMARY) -> list[float]:
    return [run.result.scores[name] for run in runs]


def _mean(values: Sequence[float]) -> str:
    text = score(sum(values) / len(values))
    interval = mean_interval(values)
    return text if interval is None else f"{text} ({score(interval.low)} to {score(interval.high)})"
