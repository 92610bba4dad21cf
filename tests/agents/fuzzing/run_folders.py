"""Runs and studies to be damaged, made once and written often."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import save

from agents.run.config import RunConfig, make_run_config
from agents.run.folder import RunFolder
from agents.run.progress import Progress, progress_writer
from agents.run.provenance import builds, provenance
from agents.study.config import parse_study
from agents.study.folder import expand, write_study
from agents.training.checkpoints import write_checkpoint

RUNS_STUDY: dict[str, Any] = {
    "env": ["NotSoClevr-v0"],
    "algo": ["ppo"],
    "arms": ["pooled", "coord-pooled"],
    "seeds": 2,
    "n_timesteps": 64,
    "hyperparams": {"ppo": {"n_envs": 2, "n_steps": 16, "batch_size": 16}},
}
RUN = "NotSoClevr-v0/ppo/coord-pooled/seed-1"


def write_runs(root: Path, state: str = "finished") -> None:
    """Write a study of four runs as if they had been trained; the weights hold no tensors."""
    _write_files(root, _files(_make_runs, state))


def write_unfinished(root: Path, with_checkpoint: bool) -> Path:
    """Write a run that stands half way, and whose environment is refused when it is made."""
    files = _files(_make_unfinished, with_checkpoint)
    _write_files(root, files)
    return root / next(path.parent for path in files if path.name == "run.json")


@cache
def _files(make: Callable[[Path, Any], object], how: Any) -> dict[Path, bytes]:
    """Return what a function writes, by its place: written once, for disks are waited for."""
    with TemporaryDirectory() as name:
        make(Path(name), how)
        paths = [path for path in Path(name).rglob("*") if path.is_file()]
        return {path.relative_to(name): path.read_bytes() for path in paths}


def _write_files(root: Path, files: dict[Path, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def _make_runs(root: Path, state: str) -> None:
    values = parse_study(RUNS_STUDY, "study")
    parts = expand("runs", values, root)
    root.mkdir(parents=True, exist_ok=True)
    write_study("runs", values, root, parts)
    for job in parts[0].jobs:
        _write_run(job.folder, job.config, state)


def _write_run(folder: RunFolder, config: RunConfig, state: str) -> None:
    content = save({})
    (folder.path / "policy.safetensors").write_bytes(content)
    steps = range(4, 4 * config.n_timesteps, 4)
    games = [f"{step},{step / 100},{step % 2},{step / 7},4" for step in steps]
    head = "timestep,wall_seconds,env,return,length"
    (folder.path / "episodes.csv").write_text("\n".join([head, *games]) + "\n")
    rows = [f"{step},{step / 9}" for step in steps]
    log = "\n".join(["time/total_timesteps,rollout/ep_rew_mean", *rows]) + "\n"
    (folder.path / "progress.csv").write_text(log)
    digest = hashlib.sha256(content).hexdigest()
    folder.update(
        status=state,
        provenance=provenance(),
        timing={"wall_seconds": 1.5, "cpu_seconds": 1.25, "timesteps_per_second": 50.0},
        score={"mean": 1.5, "games": 3},
        fingerprints={str(config.n_timesteps): digest, "32": digest},
    )
    progress_writer(folder.progress_path)(Progress(32, 64, 100.0, 3.5, None))
    about = {
        "format": 1,
        "game": config.env,
        "algorithm": config.algo,
        "arm": config.arm.name,
        "seed": config.seed,
        "protocol": config.protocol,
        "config_hash": config.hash,
        "weights_sha256": digest,
    }
    records = [{"deterministic": False, "coordinates": None, "env_kwargs": {}, "mean": 1.0}]
    evaluation = json.dumps({**about, "evaluations": records})
    (folder.path / "evaluation.json").write_text(evaluation)


def _make_unfinished(root: Path, with_checkpoint: bool) -> None:
    config = make_run_config(env="CartPole-v1", algo="a2c", arm="standard", seed=0, n_timesteps=80)
    folder = RunFolder(root / config.relative_folder)
    folder.plan(config)
    _write_run(folder, config, "interrupted")
    if with_checkpoint:
        size = (folder.path / "episodes.csv").stat().st_size
        state = {
            "config_hash": config.hash,
            "builds": builds(),
            "training": {
                "num_timesteps": 40,
                "n_updates": 1,
                "episodes": [],
                "policy": {"weight": torch.ones(2, 2)},
            },
            "evaluation": None,
            "logs": {
                "sizes": {"episodes.csv": size // 2},
                "hashes": {},
                "progress_csv": "a,b\n1,2\n",
            },
            "wall_seconds": 1.5,
            "cpu_seconds": 1.25,
        }
        write_checkpoint(folder.checkpoints, 40, state)
