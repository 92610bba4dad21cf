"""Run folders in the format that the laboratory writes, with scores a test chooses."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HEADER = "timestep,wall_seconds,env,return,length"
PONG = {"random": -20.7, "human": 14.6}
# Scores of both arms, named by the verdict they bring out at a margin of about 3 points.
VERDICTS = {
    "Better": ([8.0, 9.0, 10.0, 11.0, 9.5], [18.0, 17.0, 19.0, 20.0, 18.5]),
    "Worse": ([8.0, 9.0, 10.0, 11.0, 9.5], [1.0, 2.0, -1.0, 0.0, 1.5]),
    "Negligible": ([10.0, 10.1, 10.2, 10.3, 10.4], [11.0, 11.1, 11.2, 11.3, 11.4]),
    "Equivalent": ([10.0, 10.4, 9.8, 10.2, 9.9], [10.1, 10.3, 9.7, 10.0, 10.5]),
    "Inconclusive": ([2.0, 9.0, 14.0, 5.0, 11.0], [6.0, 12.0, 16.0, 3.0, 10.0]),
    "Uninformative": ([-20.5, -20.9, -20.8, -20.6, -21.0], [-20.7, -20.8, -20.5, -21.0, -20.9]),
}


def write_run(
    folder: Path, game: str, algorithm: str, arm: str, seed: int, score: float, /, **changes: Any
) -> Path:
    """Write a finished run of 10,000 timesteps, a game each 250, that ends at `score`.

    `changes` replace what run.json says; `episodes` replaces the text of episodes.csv.
    """
    path = folder / game / algorithm / arm / f"seed-{seed}"
    path.mkdir(parents=True, exist_ok=True)
    episodes = changes.pop("episodes", None)
    record = {
        "format": 1,
        "status": "finished",
        "game": game,
        "algorithm": algorithm,
        "arm": arm,
        "seed": seed,
        "protocol": "classic",
        "n_timesteps": 10_000,
        "error": None,
        "parameters": {"total": 1_687_719, "extractor": 1_684_128, "coordinates": 0},
        "reference_scores": PONG,
        "timing": {"wall_seconds": 33.5, "cpu_seconds": 31.0, "timesteps_per_second": 298.5},
        "score": {"mean": score, "games": 4},
        "config": {},
        "provenance": {"git_commit": "0123abc", "versions": {"torch": "2.13.0"}},
    }
    (path / "run.json").write_text(json.dumps(record | changes))
    (path / "episodes.csv").write_text(episodes or episodes_of(score))
    return path


def episodes_of(score: float) -> str:
    """Return games that rise from 5 points below `score` to it, and average it at the end."""
    lines = [HEADER]
    for k in range(1, 41):
        value = score - 5 * max(0.0, 1 - k / 30) + (0.5 if k % 2 else -0.5)
        lines.append(f"{250 * k},{0.8 * k},{k % 8},{value!r},{3000 + k}")
    return "\n".join(lines) + "\n"


def write_study(
    folder: Path, scores: Mapping[tuple[str, str, str], Sequence[float]], **changes: Any
) -> Path:
    """Write a study: for each (game, algorithm, arm) a run a score; `changes` go to study.json."""
    runs = []
    for (game, algorithm, arm), values in scores.items():
        for seed, score in enumerate(values):
            path = write_run(folder, game, algorithm, arm, seed, score)
            runs.append(path.relative_to(folder).as_posix())
    study = {
        "format": 1,
        "name": "demo",
        "config": {},
        "hash": "f00d",
        "runs": runs,
        "comparison": {"baseline": "standard", "test": "unpaired", "margin": 0.1},
        "note": None,
    }
    (folder / "study.json").write_text(json.dumps(study | changes))
    return folder
