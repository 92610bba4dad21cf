"""What the laboratory costs over bare Stable-Baselines3.

Trains the same agent by ``agents.training.execute`` (episode log, SB3's log in CSV and TensorBoard,
progress, checkpoints at two marks, many more than a real run of this length has) and by
``model.learn`` alone, on the same environment, with one thread, taking turns; ratios are taken
within a turn and their median reported. Then the seconds that a whole run of a single rollout
takes as a command: imports, environments, rollout, update, saved files.

    python benchmarks/laboratory.py [--game Pong] [--quick] [--json PATH]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from agents.run.config import RunConfig, make_run_config
from agents.run.folder import RunFolder
from agents.run.progress import Progress
from agents.training.execute import execute
from agents.training.model import make_model, make_run_env
from benchmarks.machine import machine
from common.errors import UsageError

MARKS = 2
TIMESTEPS = {"a2c": 8_000, "ppo": 4_096}
QUICK_TIMESTEPS = {"a2c": 1_600, "ppo": 2_048}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--game", default="Pong")
    parser.add_argument("--quick", action="store_true", help="short runs, few turns")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    if options.json and not options.json.parent.is_dir():
        parser.exit(2, f"error: there is no folder {options.json.parent} for the figures\n")

    turns = 2 if options.quick else 7
    timesteps = QUICK_TIMESTEPS if options.quick else TIMESTEPS
    torch.set_num_threads(1)
    results = []
    for algo in timesteps:
        try:
            config = make_run_config(
                env=options.game,
                algo=algo,
                arm="coord",
                seed=0,
                n_timesteps=timesteps[algo],
                save_freq=timesteps[algo] // MARKS,
            )
        except UsageError as error:
            parser.exit(2, f"error: {error}\n")
        result = measure(config, turns)
        show(result)
        results.append(result)
    if options.json:
        options.json.write_text(json.dumps({**machine(), "results": results}, indent=2) + "\n")


def measure(config: RunConfig, turns: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    contenders = {"laboratory": train_in_laboratory, "bare SB3": train_bare}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(turns + 1):
        for name in rng.permutation(list(contenders)):
            elapsed = contenders[name](config)
            if turn:  # the first turn warms up
                seconds[name].append(elapsed)
    ratios = [ours / bare for ours, bare in zip(*seconds.values(), strict=True)]
    return {
        "algo": config.algo,
        "timesteps": config.n_timesteps,
        "overhead": median(ratios) - 1,
        "overhead_quartiles": [float(q) - 1 for q in np.quantile(ratios, [0.25, 0.75])],
        "seconds_of_a_run_of_one_rollout": median(short_run(config) for _ in range(turns)),
        "seconds": seconds,
    }


def train_in_laboratory(config: RunConfig) -> float:
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder(Path(temporary, "run"))
        folder.plan(config)
        execute(folder, silent)
        return float(folder.record["timing"]["wall_seconds"])


def silent(progress: Progress) -> None:
    """Show nothing."""


def train_bare(config: RunConfig) -> float:
    with closing(make_run_env(config)) as env:
        model = make_model(config, env)
        start = time.perf_counter()
        model.learn(config.n_timesteps)
        return time.perf_counter() - start


def short_run(config: RunConfig) -> float:
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder(Path(temporary, "run"))
        folder.plan(config.model_copy(update={"n_timesteps": config.hyperparams.rollout}))
        command = [sys.executable, "-m", "agents.train", "--run", str(folder.path)]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - start


def show(result: dict[str, Any]) -> None:
    low, high = result["overhead_quartiles"]
    print(
        f"{result['algo']}: {result['overhead']:+.1%} of the time over bare SB3 "
        f"(quartiles {low:+.1%} to {high:+.1%}); a run of one rollout takes "
        f"{result['seconds_of_a_run_of_one_rollout']:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
