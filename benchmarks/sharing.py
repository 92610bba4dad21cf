"""Timesteps per second of several runs that share one GPU, beside as many on the processor.

All runs are started, warmed up and stopped. Then groups of them take turns, round after round in
another order: so many go on for some seconds, on the GPU or on the cores, and are stopped again. A
run has one thread, as in a study, and any of the cores.

    python benchmarks/sharing.py [--trainings ppo:coord a2c:coord] [--runs 1 4 8 16] [--json PATH]

The runs that are stopped keep their part of the GPU's memory.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.contender import Training
from benchmarks.machine import machine
from benchmarks.training import rates_of, spread
from common.errors import UsageError

CORES = sorted(os.sched_getaffinity(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    add = parser.add_argument
    add("--game", default="Breakout")
    add("--trainings", nargs="+", default=["ppo:coord"], metavar="ALGO:ARM")
    add("--runs", nargs="+", type=int, default=[1, 4, 8, 16], help="at once")
    add("--devices", nargs="+", choices=("cpu", "cuda"), default=["cpu", "cuda"])
    add("--rounds", type=int, default=3)
    add("--seconds", type=float, default=8.0, help="of a turn")
    add("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    results = []
    try:
        for training in options.trainings:
            algo, _, arm = training.partition(":")
            result = {"game": options.game, "algo": algo, "arm": arm}
            results.append(result | {"rates": measure(options, algo, arm)})
            show(results[-1])
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if options.json:
        options.json.write_text(json.dumps({**machine(), "results": results}, indent=2) + "\n")


def measure(options: argparse.Namespace, algo: str, arm: str) -> dict[str, dict[int, list[float]]]:
    """Return the timesteps/s of all runs of a turn together, by device and number of runs."""
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        groups: dict[str, list[Training]] = {}
        for device in options.devices:
            groups[device] = []
            for seed in range(max(options.runs)):
                folder = Path(temporary, device, str(seed))
                folder.mkdir(parents=True)
                training = Training(arm, options.game, algo, seed, folder, device=device)
                stack.callback(training.kill)
                groups[device].append(training)
            for training in groups[device]:
                training.wait_until_warm()
                training.stop()
        turns: dict[tuple[str, int], list[list[tuple[Training, int]]]] = {}
        kinds = [(device, n) for device in options.devices for n in options.runs]
        order = random.Random(0)
        for _ in range(options.rounds):
            for device, n in order.sample(kinds, len(kinds)):
                turn = [(training, training.go_on(CORES)) for training in groups[device][:n]]
                time.sleep(options.seconds)
                for training, _ in turn:
                    training.stop()
                turns.setdefault((device, n), []).append(turn)
        everybody = [training for group in groups.values() for training in group]
        for training in everybody:
            training.go_on(CORES)
        for training in everybody:
            training.wait_for_a_mark()
        return {
            device: {n: [sum(rates_of(turn)) for turn in turns[device, n]] for n in options.runs}
            for device in options.devices
        }


def show(result: dict[str, Any]) -> None:
    for device, by_number in result["rates"].items():
        for n, rates in by_number.items():
            print(
                f"{result['algo']} {result['arm']:<14} {device:<5} {n:>3} runs "
                f"{spread(rates, '.0f')} timesteps/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
