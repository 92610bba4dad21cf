"""Time and memory of comparing a large study.

Run folders of made-up games in the laboratory's format are written first; then the command line
compares them in a process of its own, whose wall time and peak resident memory are measured. The
defaults are the largest study the comparison is meant for: all 57 Atari games, 10 seeds, 3 arms,
2 algorithms, 5,000 finished games in each run.

    python -m benchmarks.comparison [--games N] [--seeds N] [--keep FOLDER] [--json PATH]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.machine import machine
from envs import reference_scores, resolve_suite

ARMS = {"standard": 0.0, "coord": 0.1, "constant": 0.0}
ALGORITHMS = ("a2c", "ppo")
N_TIMESTEPS = 10_000_000
HEADER = "timestep,wall_seconds,env,return,length"
MEGABYTE = 1024  # in the units of ru_maxrss on Linux


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--games", type=int, default=57, help="Atari games (default: all 57)")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--finished-games", type=int, default=5000, help="in each run")
    parser.add_argument("--keep", type=Path, help="write the study there, and leave it there")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        runs = write_study(folder, options.games, options.seeds, options.finished_games)
        result = {"runs": runs, "finished_games": options.finished_games, **measure(folder)}
    print(
        f"{runs:,} runs of {options.finished_games:,} games: {result['seconds']:.1f} s, "
        f"{result['peak_megabytes']:,.0f} MB, report.html {result['report_megabytes']:.1f} MB"
    )
    if options.json:
        options.json.write_text(json.dumps({**machine(), **result}, indent=2) + "\n")


def measure(folder: Path) -> dict[str, float]:
    """Compare the study in a process of its own."""
    command = [sys.executable, "-m", "coordrl.compare", str(folder)]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    report = folder / "comparison" / "report.html"
    return {
        "seconds": seconds,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / MEGABYTE,
        "report_megabytes": report.stat().st_size / 1e6,
    }


def write_study(folder: Path, games: int, seeds: int, finished_games: int) -> int:
    """Write the runs of a study, and return how many there are."""
    rng = np.random.default_rng(0)
    names = []
    for game in resolve_suite("atari-57").games[:games]:
        scores = reference_scores(game)
        for algorithm in ALGORITHMS:
            for arm, gain in ARMS.items():
                for seed in range(seeds):
                    name = f"{game.name}/{algorithm}/{arm}/seed-{seed}"
                    key = {"game": game.name, "algorithm": algorithm, "arm": arm, "seed": seed}
                    run = folder / name
                    run.mkdir(parents=True, exist_ok=True)
                    (run / "run.json").write_text(json.dumps(run_record(key, scores)))
                    (run / "episodes.csv").write_text(episodes(rng, scores, gain, finished_games))
                    names.append(name)
    study = {
        "format": 1,
        "name": "large",
        "config": {},
        "hash": "made-up",
        "runs": names,
        "comparison": {"baseline": "standard", "test": "unpaired", "margin": 0.1},
        "note": "made-up numbers, to measure the comparison with",
    }
    (folder / "study.json").write_text(json.dumps(study))
    return len(names)


def run_record(key: dict[str, object], scores: dict[str, float] | None) -> dict[str, object]:
    return {
        "format": 1,
        "status": "finished",
        **key,
        "protocol": "classic",
        "n_timesteps": N_TIMESTEPS,
        "error": None,
        "parameters": {"total": 1_687_719, "extractor": 1_684_128, "coordinates": 0},
        "reference_scores": scores,
        "timing": {"wall_seconds": 33e3, "cpu_seconds": 31e3, "timesteps_per_second": 303.0},
        "score": None,
        "config": {},
        "provenance": {"git_commit": "0123abc", "versions": {"torch": "2.13.0"}},
    }


def episodes(
    rng: np.random.Generator, scores: dict[str, float] | None, gain: float, games: int
) -> str:
    """Return games whose human-normalised returns rise to 1 + `gain` and vary between seeds."""
    low, high = (scores["random"], scores["human"]) if scores else (0.0, 1.0)
    ends = np.sort(rng.integers(1, N_TIMESTEPS, games, endpoint=True))
    level = (1 + gain + 0.15 * rng.normal()) * (1 - np.exp(-4 * ends / N_TIMESTEPS))
    returns = np.round(low + (high - low) * (level + 0.2 * rng.normal(size=games)), 1)
    walls = ends / 303
    lines = [
        f"{end},{wall:.3f},{env},{value},{length}"
        for end, wall, env, value, length in zip(
            ends.tolist(),
            walls.tolist(),
            rng.integers(8, size=games).tolist(),
            returns.tolist(),
            rng.integers(1000, 20_000, size=games).tolist(),
            strict=True,
        )
    ]
    return "\n".join([HEADER, *lines]) + "\n"


if __name__ == "__main__":
    main()
