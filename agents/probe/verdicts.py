"""What the probe's results come to: each arm against its control, over all games."""

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from agents.probe.cells import TESTS, TRAINED_ON
from agents.run.arm import find_arm
from coordrl.compare.statistics.families import Comparison, Samples, compare

OWN, RANDOM = "own", "random"
"""Frames that an agent played itself; of random play, the same for all agents of a game."""
TRAINED, UNTRAINED, IMAGE = "trained", "untrained", "image"
"""What places are read out of: the agent's features, the same network's before training, images."""
MARGIN = 0.05
"""Of skill: the smallest difference that matters."""

Results = Sequence[dict[str, Any]]


def over_games(results: Results, test: str, n_frames: int) -> dict[tuple[str, int], float]:
    """Return the mean skill over games of each arm and seed that has all games.

    :param test: One of :data:`TESTS`; games without it do not count
    """
    found: dict[tuple[str, int], dict[str, float]] = {}
    for row in results:
        if row["n_frames"] == n_frames and test in row:
            found.setdefault((row["arm"], row["seed"]), {})[row["game"]] = row[test]["skill"]
    games = {game for scores in found.values() for game in scores}
    return {key: fmean(scores.values()) for key, scores in found.items() if set(scores) == games}


def skills(results: Results, arm: str, n_frames: int, test: str) -> list[float]:
    """Return an arm's mean skills over games, one a seed, in the order of the seeds."""
    found = over_games(results, test, n_frames)
    return [skill for (name, _), skill in sorted(found.items()) if name == arm]


def conditions(results: Results) -> list[tuple[int, str]]:
    """List the numbers of frames and the tests that there are results of."""
    found = {(row["n_frames"], test) for row in results for test in TESTS if test in row}
    return sorted(found, key=lambda one: (one[0], TESTS.index(one[1])))


def condition_name(n_frames: int, test: str) -> str:
    """Name a condition.

    >>> condition_name(20_000, "never_shown")
    '20,000 frames, places never shown'
    """
    part = "trained on" if test == TRAINED_ON else f"places {test.replace('_', ' ')}"
    return f"{n_frames:,} frames, {part}"


def controlled(arms: Sequence[str], only: str | None = None) -> dict[str, list[str]]:
    """Return the arms whose control is among them, by it.

    :param only: An arm to be the control of all others, in place of each one's own

    >>> controlled(["coord", "pooled", "standard", "coord-pooled", "keypoints"])
    {'standard': ['coord'], 'pooled': ['coord-pooled', 'keypoints']}
    """
    if only is not None:
        return {only: [arm for arm in arms if arm != only]}
    found: dict[str, list[str]] = {}
    for arm in arms:
        control = find_arm(arm).control
        if control in arms:
            found.setdefault(str(control), []).append(arm)
    return found


def compare_with_controls(results: Results, only: str | None = None) -> dict[str, list[Comparison]]:
    """Compare arms with their controls under every condition: a family a control.

    :param only: As :func:`controlled` takes it
    """
    found = {}
    arms_there = list(dict.fromkeys(row["arm"] for row in results))
    for control, arms in controlled(arms_there, only).items():
        family = [
            Samples(
                f"{condition_name(*condition)}: {arm} and {control}",
                skills(results, control, *condition),
                skills(results, arm, *condition),
                MARGIN,
            )
            for condition in conditions(results)
            for arm in arms
        ]
        found[control] = compare([one for one in family if one.control and one.other])
    return found


def compare_agents(results: Results) -> list[Comparison]:
    """Compare what is read out of agents: with those of the control, and with untrained networks.

    :param results: As :func:`agents.probe.reading.read_run` returns them
    :return: Of all families, each of a game and an algorithm
    """
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in results:
        families.setdefault((row["game"], row["algo"]), []).append(row)
    return [
        found
        for (game, algo), rows in sorted(families.items())
        for found in compare(list(_pairs(f"{game}, {algo}", rows)))
    ]


def _pairs(title: str, results: Results) -> Iterator[Samples]:
    """Pair agents with untrained networks where they play, and with others where none plays."""

    def of(arm: str, frames: str, what: str) -> list[float]:
        skills = [row[frames][what]["skill"] for row in results if row["arm"] == arm]
        return [skill for skill in skills if skill is not None]

    arms = sorted({row["arm"] for row in results})
    for arm in arms:
        samples = of(arm, OWN, UNTRAINED), of(arm, OWN, TRAINED)
        if all(samples):
            yield Samples(f"{title}: {arm} and {arm} untrained, own frames", *samples, MARGIN)
    for control, others in controlled(arms).items():
        for arm in others:
            samples = of(control, RANDOM, TRAINED), of(arm, RANDOM, TRAINED)
            if all(samples):
                yield Samples(f"{title}: {arm} and {control}, random play", *samples, MARGIN)


def told(one: Comparison) -> str:
    """Say in a sentence what a comparison has found."""
    text = f"{one.name}: skill {one.means[1]:.2f} and {one.means[0]:.2f}"
    if one.interval is not None:
        ends = f"{one.interval.low:.2f} to {one.interval.high:.2f}"
        text += f", difference {one.difference:.2f} (95 % interval {ends})"
    seeds = f"{one.seeds[1]} and {one.seeds[0]} seeds"
    return f"{text}: {one.verdict} (p = {one.p_of_verdict:.2g}, margin {MARGIN:g}, {seeds})"
