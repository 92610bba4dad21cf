"""Timesteps per second of a matched study, beside the same trainings by RL Zoo.

Contenders are our study, a process a core with one thread each, with the arm standard and with the
arm coord, and RL Zoo's command in both ways its users would: one run at a time on all cores, and a
process a core with one thread each. All have RL Zoo's hyper-parameters. All are started, warmed up
and stopped. Then they take turns, round after round in another order: one contender goes on for
some seconds, and is stopped again. Ratios are to the better of the Zoo's ways in the same round.

In other turns one process of the arm coord trains beside one of the Zoo's or of the arm standard,
each on a core of its own, then with the cores swapped: what slows the machine slows both.

    python benchmarks/training.py [--games Pong Breakout] [--rounds 6] [--json PATH]
    python benchmarks/training.py --profile

RL Zoo is needed for the comparison: pip install rl-zoo3, or name the interpreter of an environment
that has it by --zoo-python. Processes are told their cores, which takes Linux.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from agents.run.config import make_run_config
from benchmarks.contender import ARMS, ZOO_ALL_CORES, ZOO_PER_CORE, Training
from benchmarks.machine import machine
from benchmarks.training_profile import profile, show_profile
from common.errors import UsageError

CORES = sorted(os.sched_getaffinity(0))
ALGORITHMS = ("a2c", "ppo")
ALONE = (ZOO_ALL_CORES, ZOO_PER_CORE, *ARMS)
"""Contenders, each of which has turns by itself."""
BESIDE = (ZOO_PER_CORE, "standard")
"""Those beside which coord trains."""

Kind = tuple[str, int | None]
"""A contender, and the core that it has while coord trains beside it; None if it is by itself."""
Turn = list[tuple[Training, int]]
"""Who trained at once, each with the number of its turn."""


def main() -> None:
    options = parse_arguments()
    os.sched_setaffinity(0, CORES[: options.cores])
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
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=15.0, help="of a turn")
    parser.add_argument(
        "--cores",
        type=int,
        default=min(2, len(CORES)),
        choices=range(1, len(CORES) + 1),
        metavar="NUMBER",
        help="of this machine's, to train on (default: 2)",
    )
    parser.add_argument("--zoo-python", default=sys.executable, help="has rl-zoo3 installed")
    parser.add_argument("--profile", action="store_true", help="where our time goes, instead")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 5:
        parser.exit(2, "error: at least 1 round, and 5 seconds a turn\n")
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
    """Let all contenders take turns for some rounds."""
    cores = CORES[: options.cores]
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        trainings = {}
        for name in (ZOO_ALL_CORES, ZOO_PER_CORE, *ARMS):
            for seed in range(1 if name == ZOO_ALL_CORES else len(cores)):
                folder = Path(temporary, name, str(seed))
                folder.mkdir(parents=True)
                training = Training(name, game, algo, seed, folder, options.zoo_python)
                stack.callback(training.kill)
                trainings[name, seed] = training
        everybody = list(trainings.values())
        for training in everybody:
            training.wait_until_warm()
            training.stop()
        turns = take_turns(kinds_of_turns(trainings, cores), options)
        for training in everybody:
            training.go_on(cores)
        for training in everybody:
            training.wait_for_a_mark()
        result = {"game": game, "algo": algo, **ratios(turns)}
    show(result)
    return result


def kinds_of_turns(
    trainings: dict[tuple[str, int], Training], cores: list[int]
) -> dict[Kind, list[tuple[Training, list[int]]]]:
    """List who trains at once, and on which cores: contenders by themselves, and pairs."""
    kinds: dict[Kind, list[tuple[Training, list[int]]]] = {}
    for (name, _), training in trainings.items():
        kinds.setdefault((name, None), []).append((training, cores))
    coord = trainings["coord", 0]
    for other in BESIDE if len(cores) > 1 else ():
        for first, second in (cores[:2], cores[1::-1]):
            kinds[other, first] = [(trainings[other, 0], [first]), (coord, [second])]
    return kinds


def take_turns(
    kinds: dict[Kind, list[tuple[Training, list[int]]]], options: argparse.Namespace
) -> dict[Kind, list[Turn]]:
    """Run every kind of turn once a round, in random order."""
    taken: dict[Kind, list[Turn]] = {kind: [] for kind in kinds}
    order = random.Random(0)
    for _ in range(options.rounds):
        for kind in order.sample(list(kinds), len(kinds)):
            turn = [(training, training.go_on(cores)) for training, cores in kinds[kind]]
            time.sleep(options.seconds)
            for training, _ in turn:
                training.stop()
            taken[kind].append(turn)
    return taken


def rates_of(turn: Turn) -> list[float]:
    return [training.rate(number) for training, number in turn]


def ratios(turns: dict[Kind, list[Turn]]) -> dict[str, Any]:
    """Compare within rounds: arms to the better Zoo figure, and coord to what trained beside it."""
    rates = {name: [sum(rates_of(turn)) for turn in turns[name, None]] for name in ALONE}
    zoo = [max(pair) for pair in zip(rates[ZOO_ALL_CORES], rates[ZOO_PER_CORE], strict=True)]
    beside: dict[str, list[float]] = {}
    for other in BESIDE:
        swapped = [turns[name, core] for name, core in turns if name == other and core is not None]
        for both in zip(*swapped, strict=True):
            theirs, ours = map(sum, zip(*map(rates_of, both), strict=True))
            beside.setdefault(other, []).append(ours / theirs)
    return {
        "rates": rates,
        "speed_up": {
            arm: [ours / theirs for ours, theirs in zip(rates[arm], zoo, strict=True)]
            for arm in ARMS
        },
        "side_by_side": beside,
    }


def show(result: dict[str, Any]) -> None:
    print(f"\n{result['game']}, {result['algo'].upper()}: timesteps/s")
    for name, rates in result["rates"].items():
        text = f"{name:<18} {spread(rates, '.0f')}"
        if name in ARMS:
            text += f"   {spread(result['speed_up'][name], '.2f')} times the better Zoo figure"
        print(text)
    for other, found in result["side_by_side"].items():
        print(f"coord beside {other}: {spread(found, '.3f')} times its rate")
    sys.stdout.flush()


def spread(values: list[float], form: str) -> str:
    """Format a median, with the lowest and the highest value."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
