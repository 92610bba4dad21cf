"""Where a study trains its runs, as its command line says."""

import argparse
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from agents.executors.jobs import Executor
from agents.executors.local import LocalExecutor
from agents.executors.slurm import sbatch_option, slurm_executor
from agents.run.config import RunConfig
from common.command_line import ArgumentParser
from common.errors import UsageError

FLAGS = {
    "address": ("ray", "a Ray cluster"),
    "gpus_per_run": ("ray", "a Ray cluster"),
    "slurm": ("slurm", "jobs of Slurm"),
}
"""Flags that only one executor takes."""


def add_executor(parser: ArgumentParser) -> None:
    """Add the flags that choose it."""
    parser.add_argument(
        "--executor",
        choices=("local", "ray", "slurm"),
        default="local",
        help="train on this machine, on a Ray cluster, or as jobs of Slurm (default: local)",
    )
    parser.add_argument(
        "--address",
        help="of the Ray cluster: auto for the one that this machine is part of, host:port, or "
        "ray://host:port (default: the environment's RAY_ADDRESS, or auto)",
    )
    parser.add_argument(
        "--gpus-per-run",
        type=part_of_one,
        metavar="PART",
        help="GPUs that a run asks Ray for: 0.25 for four runs on each (default: 1 on cuda)",
    )
    parser.add_argument(
        "--slurm",
        type=sbatch_option,
        nargs="+",
        metavar="NAME=VALUE",
        help="options of sbatch for the runs' jobs: partition=gpu time=12:00:00 account=me mem=4G",
    )


def part_of_one(text: str) -> float:
    """Read a number above 0 and up to 1.

    >>> part_of_one("0.5")
    0.5
    """
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to 1")
    return number


def executor_of(
    arguments: argparse.Namespace, processes: int, root: Path, configs: Sequence[RunConfig]
) -> AbstractContextManager[Executor]:
    """Make the executor that the flags choose; it connects to a cluster when it is entered.

    :param arguments: The flags of :func:`add_executor`, and ``processes``
    :param processes: Runs at a time on this machine
    :param configs: The study's runs; all have the same threads and device
    :raises UsageError: If the flags do not fit together, or Ray or Slurm is not installed
    """
    config = configs[0]
    _check_flags(arguments)
    if arguments.executor == "local":
        algorithms = {each.algo for each in configs}
        return nullcontext(LocalExecutor(processes, config.num_threads, algorithms))
    gpus = _gpus(arguments, config.device)
    if arguments.executor == "slurm":
        if shutil.which("sbatch") is None:
            raise UsageError("--executor slurm needs Slurm: there is no sbatch on this machine")
        limit = arguments.processes or len(configs)
        return slurm_executor(arguments.slurm or (), root, config.num_threads, gpus > 0, limit)
    try:
        from agents.executors.ray_cluster import ray_executor
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise UsageError("--executor ray needs Ray: pip install -e '.[cluster]'") from None
    return ray_executor(arguments.address, root, config.num_threads, gpus, arguments.processes)


def _check_flags(arguments: argparse.Namespace) -> None:
    """Check that no flag is given that is another executor's."""
    for flag, (executor, place) in FLAGS.items():
        if getattr(arguments, flag) is not None and arguments.executor != executor:
            name = f"--{flag.replace('_', '-')}"
            raise UsageError(f"{name} is for {place}: add --executor {executor}")


def _gpus(arguments: argparse.Namespace, device: str) -> float:
    if device == "cpu":
        if arguments.gpus_per_run is not None:
            raise UsageError("--gpus-per-run is for runs on a GPU: add --device cuda")
        return 0.0
    if device != "cuda":
        where = arguments.executor.capitalize()
        raise UsageError(f"{where} chooses the GPU of a run: use --device cuda instead of {device}")
    return arguments.gpus_per_run or 1.0
