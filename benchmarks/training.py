"""
Timesteps per second of a matched study, beside the same trainings by RL Zoo.

First every contender uses the whole machine: our study, a process a core with one thread each, with
the arm standard and with the arm coord; RL Zoo's command in both ways its users would, one run at a
time on all cores, and a process a core with one thread each. All have RL Zoo's hyper-parameters.
They take turns, round after round in another order; a turn is timed when all its processes have
left start and warm-up behind. Ratios are to the better of the Zoo's two ways in the same round.

Then one process of the arm coord trains beside one of the Zoo's, and another beside one of the arm
standard, on two cores that they swap after every turn: what slows the machine slows both.

    python benchmarks/training.py [--games Pong Breakout] [--rounds 3] [--json PATH]
    python benchmarks/training.py --profile

RL Zoo is needed for the comparison: pip install rl-zoo3, or name the interpreter of an environment
that has it by --zoo-python.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from agents.config import make_run_config
from agents.errors import UsageError
from benchmarks.machine import machine
from benchmarks.training_profile import profile, show_profile
from benchmarks.trainings import ARMS, ZOO_ALL_CORES, ZOO_PER_CORE, Trainings

PINS = hasattr(os, "sched_setaffinity")
"""Whether this system lets a process choose its core."""
CORES = sorted(os.sched_getaffinity(0)) if PINS else list(range(os.cpu_count() or 1))
ALGORITHMS = ("a2c", "ppo")


def main() -> None:
    options = parse_arguments()
    try:
        games = [
            make_run_config(env=game, algo="a2c", arm="standard", seed=0).env
            for game in options.games
        ]
        if options.profile:
            results = [
                profile(game, algo, arm) for game in games for algo in options.algos for arm in ARMS
            ]
            show_profile(results)
        else:
            check_zoo(options.zoo_python)
            results = [compare(game, algo, options) for game in games for algo in options.algos]
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if options.json:
        options.json.write_text(json.dumps({**machine(), "results": results}, indent=2) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--games", nargs="+", default=["Pong", "Breakout"], metavar="GAME")
    parser.add_argument("--algos", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=40.0, help="of a turn's timing")
    parser.add_argument("--zoo-python", default=sys.executable, help="has rl-zoo3 installed")
    parser.add_argument("--profile", action="store_true", help="where our time goes, instead")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 10:
        parser.exit(2, "error: at least 1 round, and 10 seconds a turn\n")
    if options.json and not options.json.parent.is_dir():
        parser.exit(2, f"error: there is no folder {options.json.parent} for the figures\n")
    return options


def check_zoo(python: str) -> None:
    try:
        subprocess.run([python, "-c", "import rl_zoo3"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise UsageError(
            f"{python} has no rl_zoo3: pip install rl-zoo3, or name another by --zoo-python"
        ) from None


def compare(game: str, algo: str, options: argparse.Namespace) -> dict[str, Any]:
    """Let the contenders take turns for some rounds, then train two at once."""
    contenders = [ZOO_ALL_CORES, ZOO_PER_CORE, *ARMS]
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    order = np.random.default_rng(0)
    for _ in range(options.rounds):
        for name in order.permutation(contenders):
            rates[name].append(turn(str(name), game, algo, options))
    result = {
        "game": game,
        "algo": algo,
        "rates": rates,
        "speed_up": speed_up(rates),
        "side_by_side": {
            other: side_by_side(other, game, algo, options) for other in (ZOO_PER_CORE, "standard")
        },
    }
    show(result)
    return result


def turn(name: str, game: str, algo: str, options: argparse.Namespace) -> float:
    """Time a contender that has the machine to itself.

    :return: Timesteps per second of all its processes together
    """
    contenders = [name] * (1 if name == ZOO_ALL_CORES else len(CORES))
    with Trainings(contenders, game, algo, options.zoo_python) as trainings:
        return sum(trainings.rates(trainings.warm(), options.seconds))


def speed_up(rates: dict[str, list[float]]) -> dict[str, list[float]]:
    """Compare the arms to the better Zoo figure of the same round."""
    zoo = [max(pair) for pair in zip(rates[ZOO_ALL_CORES], rates[ZOO_PER_CORE], strict=True)]
    return {
        arm: [ours / theirs for ours, theirs in zip(rates[arm], zoo, strict=True)] for arm in ARMS
    }


def side_by_side(other: str, game: str, algo: str, options: argparse.Namespace) -> list[float]:
    """Train the arm coord and another contender at once, a core each, in turn one and the other.

    :return: The rate of coord over the other's, for every two turns
    """
    cores = CORES[:2]
    if not PINS or len(cores) < 2:
        return []
    found = []
    with Trainings([other, "coord"], game, algo, options.zoo_python) as trainings:
        trainings.warm()
        for _ in range(options.rounds):
            theirs = ours = 0.0
            for order in (cores, cores[::-1]):
                trainings.pin(order)
                rates = trainings.rates(time.monotonic(), options.seconds)
                theirs, ours = theirs + rates[0], ours + rates[1]
            found.append(ours / theirs)
    return found


def show(result: dict[str, Any]) -> None:
    print(f"\n{result['game']}, {result['algo'].upper()}: timesteps/s on {len(CORES)} cores")
    for name, rates in result["rates"].items():
        text = f"{name:<18} {spread(rates, '.0f')}"
        if name in ARMS:
            text += f"   {spread(result['speed_up'][name], '.2f')} times the better Zoo figure"
        print(text)
    for other, found in result["side_by_side"].items():
        if found:
            print(f"coord beside {other}: {spread(found, '.3f')} times its rate")
    sys.stdout.flush()


def spread(values: list[float], form: str) -> str:
    """Format a median, with the lowest and the highest value."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
