"""What a study will take: its runs, and their time and disk from a short measurement here."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from math import ceil
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.table import Table

from agents.executors.jobs import Job
from agents.run.config import RunConfig
from agents.run.display import duration
from agents.study.config import StudyConfig
from agents.study.costs import makespan
from agents.study.table import make_console
from agents.training.checkpoints import KEPT
from common.errors import UsageError
from common.processes import thread_environment

Kind = tuple[str, ...]

WITHOUT_COST = {
    "learning_rate",
    "gamma",
    "gae_lambda",
    "ent_coef",
    "vf_coef",
    "max_grad_norm",
    "normalize_advantage",
    "optimizer_kwargs",
    "clip_range",
}
"""Hyper-parameters that do not change what a timestep takes."""


@dataclass(frozen=True)
class Measurement:
    """What a run takes, as ``python -m agents.study.measuring`` finds it.

    :param start_seconds: To the first timestep, once everything is imported: runs share that
    :param mark_seconds: A checkpoint, and seeded starts of all environments
    :param agent_bytes: Size of the trained agent's files
    :param log_bytes_per_timestep: Growth of the log files
    """

    start_seconds: float
    seconds_per_timestep: float
    mark_seconds: float
    agent_bytes: float
    checkpoint_bytes: float
    log_bytes_per_timestep: float

    def seconds(self, config: RunConfig, done: int = 0) -> float:
        """Estimate the wall time of a run, evaluations not included.

        :param done: Timesteps that it has done already
        """
        left = config.n_timesteps - done
        marks = left // config.mark_interval
        return self.start_seconds + left * self.seconds_per_timestep + marks * self.mark_seconds

    def disk(self, config: RunConfig) -> float:
        """Estimate the bytes of a finished run."""
        return self.agent_bytes + self.log_bytes_per_timestep * config.n_timesteps


def show_estimate(jobs: list[Job], root: Path, processes: int) -> float | None:
    """Print the runs of a study, and what those that are not finished will take.

    :param root: The study's folder, which need not exist
    :param processes: How many run at a time
    :return: CPU hours of a run, on average; None if none is left
    """
    console = make_console()
    for job in jobs:
        console.print(f"{job.name}: {_standing(job)}", highlight=False, soft_wrap=True)
    todo = [job for job in jobs if job.state not in ("skipped", "failed") and job.needed]
    console.print(f"{len(jobs)} runs, {len(todo)} of them to be trained, {processes} at a time")
    if not todo:
        return None
    measured = measure_kinds([job.config for job in todo], processes, make_console(stderr=True))
    console.print(_table(todo, measured))
    seconds = [
        measured[cost_kind(job.config)].seconds(job.config, job.resumes_at()) for job in todo
    ]
    console.print(
        f"time: about {duration(makespan(seconds, processes))} on this machine, "
        f"as it was loaded during the measurement; evaluations are not included"
    )
    console.print(_disk_line(todo, measured, root, processes))
    whole = [measured[cost_kind(job.config)].seconds(job.config) for job in todo]
    return fmean(whole) * todo[0].config.num_threads / 3600


def show_expected(study: StudyConfig, hours_per_run: float | None) -> None:
    """Print what a sequential study is expected to take, whatever the arms' differences.

    :param hours_per_run: CPU hours, None if unknown
    """
    # The analysis takes seconds to import.
    from coordrl.compare.expected import NOTE, expected_table
    from coordrl.compare.statistics.looks import Design

    if study.looks is None or study.comparison.sequential is None or not study.family:
        return
    design = Design(study.looks, study.family, study.pairs, study.comparison.sequential.futility)
    console = make_console()
    console.print(expected_table(design, len(study.env) * len(study.algo), hours_per_run))
    console.print(NOTE)


def cost_kind(config: RunConfig) -> Kind:
    """Return what runs have in common that take the same time for each timestep."""
    settings = config.model_dump_json(include={"protocol", "env_kwargs", "device", "num_threads"})
    hyperparams = config.hyperparams.model_dump_json(exclude=WITHOUT_COST)
    return config.algo, config.env, config.arm.name, settings, hyperparams


def measure_kinds(
    configs: Iterable[RunConfig], processes: int, console: Console
) -> dict[Kind, Measurement]:
    """Measure a run of each kind, as many at a time as will train at a time.

    :param processes: How many run at a time
    :param console: Where to say how far it is
    :raises UsageError: If a run cannot be begun
    """
    kinds = {cost_kind(config): config for config in configs}
    # Cores share memory and clock: each is measured beside as many others as it will have.
    repeated = list(kinds.items()) * ceil(processes / len(kinds))
    found: dict[Kind, list[Measurement]] = {kind: [] for kind in kinds}
    started: list[subprocess.Popen[str]] = []
    console.print(f"measuring {len(repeated)} runs, some 20 s each, {processes} at a time")
    pool = ThreadPoolExecutor(processes)
    try:
        results = pool.map(lambda entry: _measure(entry[1], started), repeated)
        for (kind, config), measurement in zip(repeated, results, strict=True):
            found[kind].append(measurement)
            what = f"{config.env} {config.algo} {config.arm.name}"
            console.print(f"measured {what}", highlight=False)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in started:
            process.kill()
    return {kind: _mean(each) for kind, each in found.items()}


def _measure(config: RunConfig, started: list[subprocess.Popen[str]]) -> Measurement:
    process = subprocess.Popen(
        [sys.executable, "-m", "agents.study.measuring"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=thread_environment(config.num_threads),
    )
    started.append(process)
    output, error = process.communicate(config.model_dump_json())
    if process.returncode:
        lines = error.strip().splitlines() or [f"exit code {process.returncode}"]
        raise UsageError(
            f"{config.env} {config.algo} {config.arm.name} cannot be measured: "
            + lines[-1].removeprefix("error: ")
        )
    return Measurement(**json.loads(output))


def _mean(measured: list[Measurement]) -> Measurement:
    return Measurement(*(fmean(values) for values in zip(*map(astuple, measured), strict=True)))


def _standing(job: Job) -> str:
    if job.state == "skipped":
        return "finished"
    if job.state == "failed":
        return job.reason
    if not job.needed:
        return "not needed any more"
    resumes_at = job.resumes_at()
    if not resumes_at:
        return "to be trained"
    return f"to be resumed at {resumes_at:,} of {job.config.n_timesteps:,} timesteps"


def _table(jobs: list[Job], measured: dict[Kind, Measurement]) -> Table:
    table = Table("game", "algorithm", "arm", box=None)
    for column in ("runs", "timesteps/s", "time a run", "disk a run"):
        table.add_column(column, justify="right")
    numbers = Counter(cost_kind(job.config) for job in jobs)
    configs = {cost_kind(job.config): job.config for job in jobs}
    for kind, config in configs.items():
        measurement = measured[kind]
        table.add_row(
            config.env,
            config.algo,
            config.arm.name,
            str(numbers[kind]),
            f"{1 / measurement.seconds_per_timestep:,.0f}",
            duration(measurement.seconds(config)),
            _megabytes(measurement.disk(config)),
        )
    return table


def _disk_line(
    jobs: list[Job], measured: dict[Kind, Measurement], root: Path, processes: int
) -> str:
    finished = sum(measured[cost_kind(job.config)].disk(job.config) for job in jobs)
    # The newest ones are kept, and another is written before the oldest goes.
    checkpoint = max(measurement.checkpoint_bytes for measurement in measured.values())
    while_training = processes * (KEPT + 1) * checkpoint
    place = next(path for path in (root, *root.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    return (
        f"disk: about {_megabytes(finished)}, and {_megabytes(while_training)} for checkpoints "
        f"while it trains; {_megabytes(free)} are free"
    )


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"
