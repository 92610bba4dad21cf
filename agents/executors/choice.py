"""Where a study trains its runs, as its command line says."""

import argparse
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from agents.executors.jobs import Executor
from agents.executors.local import LocalExecutor
from agents.run.config import RunConfig
from common.command_line import ArgumentParser
from common.errors import UsageError


def add_executor(parser: ArgumentParser) -> None:
    """Add the flags that choose it."""
    parser.add_argument(
        "--executor",
        choices=("local", "ray"),
        default="local",
        help="train on this machine, or on a Ray cluster (default: local)",
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
    :raises UsageError: If the flags do not fit together, or Ray is not installed
    """
    config = configs[0]
    if arguments.executor == "local":
        for flag in ("address", "gpus_per_run"):
            if getattr(arguments, flag) is not None:
                name = f"--{flag.replace('_', '-')}"
                raise UsageError(f"{name} is for a Ray cluster: add --executor ray")
        algorithms = {each.algo for each in configs}
        return nullcontext(LocalExecutor(processes, config.num_threads, algorithms))
    gpus = _gpus(arguments.gpus_per_run, config.device)
    try:
        from agents.executors.ray_cluster import ray_executor
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise UsageError("--executor ray needs Ray: pip install -e '.[cluster]'") from None
    return ray_executor(arguments.address, root, config.num_threads, gpus, arguments.processes)


def _gpus(gpus_per_run: float | None, device: str) -> float:
    if device == "cpu":
        if gpus_per_run is not None:
            raise UsageError("--gpus-per-run is for runs on a GPU: add --device cuda")
        return 0.0
    if device != "cuda":
        raise UsageError(f"Ray chooses the GPU of a run: use --device cuda instead of {device}")
    return gpus_per_run or 1.0
