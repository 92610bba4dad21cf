"""Records with returns made up, in the laboratory's own format."""

from pathlib import Path

import numpy as np

from agents.study.config import parse_study, read_study_file
from agents.study.findings.records import STUDIES
from agents.study.folder import expand, write_study

#: How much more coord's games return, as a share of standard's.
GAINS = {"Seaquest": 1.0, "MsPacman": -0.9}
#: The same of its controls, as a share of coord's.
SHARES = {"coord": 1.0, "constant": 1.0, "fixed-code": 0.5, "coord-zero": 0.0}


def write_runs(folder: Path) -> None:
    """Write all runs of both studies."""
    for name, part in STUDIES.items():
        write_study_runs(name, folder / part)


def write_study_runs(name: str, folder: Path, **replaced: object) -> None:
    """Write all runs of a study, in the laboratory's own format, with returns made up."""
    generator = np.random.default_rng(0)
    study = parse_study({**read_study_file(Path(name)), **replaced}, name)
    parts = expand(name, study, folder, elsewhere=True)
    write_study(name, study, folder, parts)
    for job in parts[0].jobs:
        config = job.config
        gain = GAINS.get(config.env, 0.0) * SHARES.get(config.arm.name, 0.0)
        level = (200 + 40 * generator.standard_normal()) * (1 + gain)
        ends = range(2_000, config.n_timesteps + 1, 2_000)
        lines = [f"{t},{t / 400},0,{level + 500 * t / config.n_timesteps},900" for t in ends]
        header = "timestep,wall_seconds,env,return,length\n"
        (job.folder.path / "episodes.csv").write_text(header + "\n".join(lines) + "\n")
        seconds = config.n_timesteps * (0.002 if config.algo == "a2c" else 0.003)
        job.folder.update(
            status="finished",
            reference_scores={"random": 60.0, "human": 7_000.0},
            score={"mean": level + 475, "games": 10},
            timing={
                "wall_seconds": 2 * seconds,
                "cpu_seconds": seconds,
                "timesteps_per_second": 250.0,
            },
            provenance={
                "python": "3.11.7",
                "versions": {"torch": "2.13.0"},
                "git": None,
                "cpu": "AMD EPYC",
                "cpu_capability": "AVX2",
                "cores": 2,
            },
        )
