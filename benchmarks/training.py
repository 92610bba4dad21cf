"""
Timesteps per second of a matched study, beside the same trainings by RL Zoo.

Every contender uses the whole machine: our study, a process a core with one thread each, with the
arm standard and with the arm coord; RL Zoo's command in both ways its users would, one run at a
time on all cores, and a process a core with one thread each. All have RL Zoo's hyper-parameters.
They take turns, round after round in another order; a turn is timed when all its processes have
left start and warm-up behind, and ends when it has lasted long enough. Ratios are to the better of
the Zoo's two ways in the same round.

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
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from agents.config import make_run_config
from agents.errors import UsageError
from agents.process import thread_environment
from agents.run_folder import RunFolder
from benchmarks.machine import machine
from benchmarks.marks import read_marks, timesteps_at
from benchmarks.training_profile import profile, show_profile

CORES = os.cpu_count() or 1
ROOT = Path(__file__).parents[1]
ALGORITHMS = ("a2c", "ppo")
ARMS = ("standard", "coord")
ZOO_ALL_CORES, ZOO_PER_CORE = "Zoo, one run", "Zoo, a run a core"
WARM_UP = {"a2c": 1_600, "ppo": 2_048}
"""Timesteps of every process before it is timed: two rollouts of PPO."""
START_TIMEOUT = 600.0


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
    """Let the contenders take turns for some rounds."""
    contenders = [ZOO_ALL_CORES, ZOO_PER_CORE, *ARMS]
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    order = np.random.default_rng(0)
    for _ in range(options.rounds):
        for name in order.permutation(contenders):
            rates[name].append(turn(str(name), game, algo, options))
    result = {"game": game, "algo": algo, "rates": rates, **ratios(rates)}
    show(result)
    return result


def ratios(rates: dict[str, list[float]]) -> dict[str, Any]:
    """Compare within rounds: arms to the better Zoo figure, and coord's time to standard's."""
    zoo = [max(pair) for pair in zip(rates[ZOO_ALL_CORES], rates[ZOO_PER_CORE], strict=True)]
    speed_up = {
        arm: [ours / theirs for ours, theirs in zip(rates[arm], zoo, strict=True)] for arm in ARMS
    }
    extra = [a / b - 1 for a, b in zip(rates["standard"], rates["coord"], strict=True)]
    return {"speed_up": speed_up, "time_of_coord_over_standard": extra}


def turn(name: str, game: str, algo: str, options: argparse.Namespace) -> float:
    """Time a contender, and end its processes.

    :return: Timesteps per second of all its processes together
    """
    with tempfile.TemporaryDirectory() as temporary:
        n_processes = 1 if name == ZOO_ALL_CORES else CORES
        marks = [Path(temporary, f"marks-{seed}") for seed in range(n_processes)]
        processes = []
        try:
            for seed, path in enumerate(marks):
                command = command_of(name, game, algo, seed, Path(temporary), path, options)
                processes.append(start(command, 0 if name == ZOO_ALL_CORES else 1, temporary))
            return measured(processes, marks, WARM_UP[algo], options.seconds, Path(temporary))
        finally:
            for process in processes:
                process.kill()
                process.wait()


def command_of(
    name: str,
    game: str,
    algo: str,
    seed: int,
    folder: Path,
    marks: Path,
    options: argparse.Namespace,
) -> list[str]:
    if name in ARMS:
        run = RunFolder(folder / f"run-{seed}")
        run.plan(make_run_config(env=game, algo=algo, arm=name, seed=seed))
        return [sys.executable, "-m", "benchmarks.timed_run", str(run.path), str(marks)]
    callback = json.dumps([{"benchmarks.marks.RolloutMarks": {"path": str(marks)}}])
    command = [options.zoo_python, "-m", "rl_zoo3.train", "--algo", algo]
    command += ["--env", f"{game}NoFrameskip-v4", "--seed", str(seed), "--eval-freq", "-1"]
    return [*command, "--log-folder", str(folder / "logs"), "-params", f"callback:{callback}"]


def start(command: list[str], num_threads: int, folder: str) -> subprocess.Popen[bytes]:
    """Start a process that finds this clone's benchmarks.

    :param num_threads: Threads of its own, or 0 for as many as it likes
    """
    environment = thread_environment(num_threads) if num_threads else dict(os.environ)
    environment["PYTHONPATH"] = str(ROOT)
    with Path(folder, "output").open("ab") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=folder)


def measured(
    processes: list[subprocess.Popen[bytes]],
    marks: list[Path],
    warm_up: int,
    seconds: float,
    folder: Path,
) -> float:
    """Wait until all processes have trained side by side for so many seconds after warm-up."""
    deadline = time.monotonic() + START_TIMEOUT + 3 * seconds
    while True:
        if time.monotonic() > deadline or any(p.poll() is not None for p in processes):
            output = (folder / "output").read_text(errors="replace").splitlines()[-1:]
            raise UsageError(f"a training ended or came to nothing: {' '.join(output)}")
        time.sleep(0.5)
        rows = [[mark for mark in read_marks(path) if mark[1] >= warm_up] for path in marks]
        if not all(rows):
            continue
        first, last = max(row[0][0] for row in rows), min(row[-1][0] for row in rows)
        if last - first >= seconds:
            done = [timesteps_at(row, last) - timesteps_at(row, first) for row in rows]
            return sum(done) / (last - first)


def show(result: dict[str, Any]) -> None:
    print(f"\n{result['game']}, {result['algo'].upper()}: timesteps/s on {CORES} cores")
    for name, rates in result["rates"].items():
        text = f"{name:<18} {median(rates):7.0f}   ({min(rates):.0f} to {max(rates):.0f})"
        if name in ARMS:
            speed_up = result["speed_up"][name]
            text += (
                f"   {median(speed_up):.2f} times the better Zoo figure "
                f"({min(speed_up):.2f} to {max(speed_up):.2f})"
            )
        print(text)
    extra = result["time_of_coord_over_standard"]
    print(
        f"coord takes {median(extra):+.1%} of standard's time "
        f"({min(extra):+.1%} to {max(extra):+.1%})",
        flush=True,
    )


if __name__ == "__main__":
    main()
