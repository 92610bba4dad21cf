"""Trains runs on a Ray cluster, each by an actor of its own: ``agents.study --executor ray``."""

import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, RayActorError, RayError, RayTaskError

from agents.executors.jobs import Job, Outcome, process_outcome, python_path
from agents.executors.parcel import pack, unpack
from agents.executors.ray_worker import RayWorker, Report, SharedFile
from common.errors import UsageError, explain_os_error
from common.files import locked, write_bytes

CONNECT_TIMEOUT = 10.0
"""Seconds for the head node to take a connection; Ray itself tries for minutes."""
CAPACITY_INTERVAL = 5.0
"""Seconds between two looks at the nodes."""
TOKENS = "where it asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
KILL_TIMEOUT = 5.0
"""Seconds for a node to end a process before Ray ends its parent."""


@contextmanager
def ray_executor(
    address: str | None, root: Path, num_threads: int, gpus: float, limit: int | None
) -> Iterator["RayExecutor"]:
    """Connect to a Ray cluster, to train on it while the context lasts.

    :param address: "auto" for the cluster of this machine, "host:port" or "ray://host:port"; None
        for what the environment's RAY_ADDRESS says, else "auto"
    :param gpus: GPUs of a run: 1, a part of one, or 0
    :param limit: How many runs to train at a time, None for as many as there is room for
    :raises UsageError: If there is no such cluster, or none of its nodes can train a run
    """
    shared = SharedFile((root / ".shared").resolve(), secrets.token_hex())
    _connect(address or os.environ.get("RAY_ADDRESS") or "auto")
    try:
        executor = RayExecutor(shared, num_threads, gpus, limit)
        if not executor.capacity:
            gpu = f" and {gpus:g} GPU" if gpus else ""
            raise UsageError(f"no node of the Ray cluster has {num_threads} cores{gpu} for a run")
        write_bytes(shared.path, shared.token.encode())
        yield executor
    finally:
        shared.path.unlink(missing_ok=True)
        ray.shutdown()


class RayExecutor:
    """The nodes of the Ray cluster to which this process is connected.

    :param shared: A file in the study's folder, by which nodes tell whether they share it
    :param gpus: GPUs of a run: 1, a part of one, or 0
    :param limit: How many runs to train at a time, None for as many as there is room for
    """

    durable = False

    def __init__(
        self, shared: SharedFile, num_threads: int, gpus: float, limit: int | None
    ) -> None:
        self.shared, self.num_threads, self.gpus, self.limit = shared, num_threads, gpus, limit
        self._actor = ray.remote(num_cpus=num_threads, num_gpus=gpus)(RayWorker)
        self._capacity, self._looked = 0, 0.0

    @property
    def capacity(self) -> int:
        """How many runs the nodes that are alive have room for."""
        if not self._looked or time.monotonic() - self._looked > CAPACITY_INTERVAL:
            self._looked = time.monotonic()
            nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]  # Ray's
            room = sum(self._room(node["Resources"]) for node in nodes if node["Alive"])
            self._capacity = room if self.limit is None else min(room, self.limit)
        return self._capacity

    def start(self, job: Job) -> "RayExecution":
        """Have a node train or resume the run, as soon as one is free."""
        actor = self._actor.remote(self.num_threads, python_path(), job.flags())
        return RayExecution(job, actor, self.shared)

    def _room(self, resources: dict[str, float]) -> int:
        by_cores = int(resources.get("CPU", 0) // self.num_threads)
        if not self.gpus:
            return by_cores
        return min(by_cores, int(resources.get("GPU", 0)) * int(1 / self.gpus))


class RayExecution:
    """An execution of a run by an actor.

    A node that shares the study's folder trains the run there, from its newest checkpoint. One
    that does not is sent the run's folder, and sends it back when the run ends.

    :param actor: Handle of a :class:`RayWorker`
    :param shared: By which the node can tell whether it shares the study's folder
    """

    def __init__(self, job: Job, actor: Any, shared: SharedFile) -> None:
        self.job, self.actor = job, actor
        self.pending = True
        self._outcome: Outcome | None = None
        self._ask("train", job.folder.path.resolve(), shared)

    def outcome(self) -> Outcome | None:
        """Return how it ended, None while it lasts."""
        if self._outcome is None and ray.wait([self._answer], timeout=0)[0]:
            try:
                self._take(ray.get(self._answer))
            except ActorUnavailableError:  # it may be back, or be found dead
                self._ask(*self._question)
            except RayError as error:
                self._end(_failure(error))
            except UsageError as error:
                self._end(Outcome(str(error), mendable=True))
            except OSError as error:
                self._end(Outcome(explain_os_error(error)))
        return self._outcome

    def stop(self) -> None:
        """Ask it to end soon, its folder in order."""
        if self.pending:
            self.kill()
        else:
            self.actor.stop.remote()

    def kill(self) -> None:
        """End it now, if it has not ended."""
        if self._outcome is None:
            self._end(Outcome("killed", mendable=True))

    def _ask(self, *question: Any) -> None:
        """Call one of the actor's methods, without waiting for the answer."""
        self._question = question
        method, *arguments = question
        self._answer = getattr(self.actor, method).remote(*arguments)

    def _take(self, report: Report | None) -> None:
        """Do what an answer of the actor asks for."""
        self.pending = False
        folder = self.job.folder
        if report is None:
            with locked(folder.path, "the run"):
                self._ask("train_apart", pack(folder.path))
                folder.update(status="running", error=None)
            return
        if report.progress is not None:
            write_bytes(folder.progress_path, report.progress)
        if report.folder is not None:
            with locked(folder.path, "the run"):
                if not folder.finished:
                    unpack(report.folder, folder.path)
        if report.end is None:
            self._ask("report")
        else:
            self._end(process_outcome(*report.end))

    def _end(self, outcome: Outcome) -> None:
        self._outcome = outcome
        if not self.pending:
            with suppress(RayError):  # a lost node has ended what it ran
                ray.get(self.actor.kill.remote(), timeout=KILL_TIMEOUT)
        ray.kill(self.actor)


def _failure(error: RayError) -> Outcome:
    """Tell what failed: the run, its machine, or the way that machine is set up."""
    if isinstance(error, RayTaskError):
        cause = error.cause
        if isinstance(cause, OSError):
            return Outcome(explain_os_error(cause), mendable=True)
        return Outcome(f"{type(cause).__name__}: {cause}", mendable=True)
    if isinstance(error, RayActorError) and error.actor_init_failed:
        reason = str(error).strip().splitlines()[-1]
        return Outcome(f"its Ray node cannot begin, is this clone installed there? {reason}")
    return Outcome(f"its Ray node or worker was lost ({type(error).__name__})", lost=True)


def _connect(address: str) -> None:
    """Connect this process to a cluster.

    :raises UsageError: If there is none
    """
    _check_reachable(address)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"cannot join the Ray cluster at {address!r}: {reason} ({TOKENS})"
        ) from None
    finally:
        signal.signal(signal.SIGTERM, on_sigterm)  # Ray has put its own in its place


def _check_reachable(address: str) -> None:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address == "auto":
        return
    if not (host and port.isdecimal()):
        raise UsageError(f"--address is {address!r}: give auto, host:port or ray://host:port")
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"no Ray cluster at {address!r}: {error}") from None
