"""Trains runs as jobs of a Slurm cluster, a job each: ``agents.study --executor slurm``.

Jobs outlive the study that has submitted them. They bear its name, and their working directory is
the run's folder: by these a study that is started again finds them in the queue.
"""

import argparse
import hashlib
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.executors.jobs import Job, Outcome, process_outcome, python_path
from agents.executors.slurm_job import TIME_LIMIT
from common.command_line import INTERRUPTED, tell
from common.errors import UsageError
from common.processes import Output

LOOK_INTERVAL = 5.0
"""Seconds between two looks at the queue."""
UNSEEN = 30.0
"""Seconds that a job may be missing in the queue before it counts as lost."""
SUBMIT_INTERVAL = 60.0
"""Seconds until the next try where Slurm takes no more jobs."""
WARNING = 60
"""Seconds before its time limit at which a job is warned; Slurm may do so a minute earlier."""

PENDING = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD"}
LOST = {"NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "REVOKED"}
TIMED_OUT = {"TIMEOUT", "DEADLINE"}
ENDED = {"COMPLETED", "CANCELLED", "FAILED", "OUT_OF_MEMORY", "SPECIAL_EXIT", *LOST, *TIMED_OUT}
"""States of Slurm's jobs; in all others a job has begun and not ended."""
ORDINARY = {"None", "Priority", "Resources", "BeginTime", "Cleaning"}
"""Reasons to wait that pass by themselves."""
OURS = {
    "array",
    "chdir",
    "clusters",
    "cpus-per-task",
    "error",
    "job-name",
    "no-requeue",
    "ntasks",
    "open-mode",
    "output",
    "parsable",
    "requeue",
    "signal",
    "test-only",
    "wait",
    "wrap",
}
"""Options of sbatch that the study gives itself."""
GPU_OPTIONS = {"gres", "gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task"}


def sbatch_option(text: str) -> str:
    """Check an option of sbatch, as ``--slurm`` takes it.

    >>> sbatch_option("time=12:00:00"), sbatch_option("exclusive")
    ('--time=12:00:00', '--exclusive')

    :raises argparse.ArgumentTypeError: If it is none, or the study gives it itself
    """
    name = text.partition("=")[0]
    if not re.fullmatch(r"[a-z][a-z-]+", name):
        message = f"{text!r} is not of the form name=value, such as partition=gpu"
        raise argparse.ArgumentTypeError(message)
    if name in OURS:
        raise argparse.ArgumentTypeError(f"{name!r} is an option that the study gives its jobs")
    return f"--{text}"


@contextmanager
def slurm_executor(
    options: Sequence[str], root: Path, num_threads: int, gpu: bool, limit: int
) -> Iterator["SlurmExecutor"]:
    """Train on a Slurm cluster while the context lasts.

    :param options: Further options of sbatch
    :param root: The study's folder, which the nodes see too
    :param gpu: Whether a run asks for a GPU
    :param limit: How many jobs to have in the queue at a time
    :raises UsageError: If there is no Slurm here, or it does not answer
    """
    named = {option[2:].partition("=")[0] for option in options}
    if gpu and not named & GPU_OPTIONS:
        options = ["--gres=gpu:1", *options]
    try:
        executor = SlurmExecutor(options, Queue(job_name(root)), num_threads, limit)
    except SlurmError as error:
        raise UsageError(f"--executor slurm: {error}") from None
    try:
        yield executor
    except KeyboardInterrupt:
        if left := executor.queue.alive():
            cancel = f"scancel --user={os.getuid()} --name={executor.queue.name}"
            tell(f"{left} jobs stay in Slurm's queue; to cancel them: {cancel}")
        raise


def job_name(root: Path) -> str:
    """Name the jobs of the study in a folder: by these names it finds them again."""
    folder = root.resolve()
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    return re.sub(r"[^\w.-]+", "-", f"{folder.name}-{digest}", flags=re.ASCII)


class SlurmError(Exception):
    """A command of Slurm's has failed; the message is one line."""


@dataclass(frozen=True)
class Entry:
    """A job as the queue has it.

    :param reason: Why it waits
    :param folder: Its working directory
    """

    number: str
    state: str
    reason: str
    folder: str


class Queue:
    """The jobs of a study, those that have ended lately among them.

    :param name: The name that its jobs bear
    :raises SlurmError: If Slurm does not answer
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: dict[str, Entry] = {}
        self.seen: dict[str, float] = {}
        self.looked = 0.0
        self._told: set[str] = set()
        self._look()

    def find(self, folder: Path) -> str | None:
        """Return the number of the job that trains, or will train, the run of a folder."""
        self._refresh()
        ours = [each for each in self.entries.values() if each.folder == str(folder)]
        return next((each.number for each in ours if each.state not in ENDED), None)

    def add(self, number: str, folder: Path) -> None:
        """Note a job that has just been submitted."""
        self.entries[number] = Entry(number, "PENDING", "None", str(folder))
        self.seen[number] = time.monotonic()

    def state(self, number: str) -> str | None:
        """Return a job's state, None if it has been missing in the queue for a while."""
        self._refresh()
        if number in self.entries:
            return self.entries[number].state
        return "PENDING" if self.looked - self.seen[number] < UNSEEN else None

    def alive(self) -> int:
        """Count the jobs that wait or run."""
        return sum(each.state not in ENDED for each in self.entries.values())

    def _refresh(self) -> None:
        if time.monotonic() - self.looked < LOOK_INTERVAL:
            return
        try:
            self._look()
        except SlurmError as error:  # the jobs go on, and the controller will be back
            self.looked = time.monotonic()
            self._tell(f"Slurm does not answer: {error}")

    def _look(self) -> None:
        states = ("--user", str(os.getuid()), "--name", self.name, "--states=all")
        lines = slurm("squeue", *states, "--noheader", "--format=%i|%T|%r|%Z").splitlines()
        entries = [Entry(*line.split("|", 3)) for line in lines if line.count("|") >= 3]
        self.entries = {entry.number: entry for entry in entries}
        self.looked = time.monotonic()
        self.seen |= dict.fromkeys(self.entries, self.looked)
        for entry in entries:
            if entry.state == "PENDING" and entry.reason not in ORDINARY:
                self._tell(f"Slurm lets jobs wait: {entry.reason}")

    def _tell(self, note: str) -> None:
        if note not in self._told:
            self._told.add(note)
            tell(f"note: {note}")


class SlurmExecutor:
    """The Slurm cluster that this machine submits to.

    :param options: Further options of sbatch
    :param limit: How many jobs to have in the queue at a time
    """

    durable = True

    def __init__(self, options: Sequence[str], queue: Queue, num_threads: int, limit: int) -> None:
        self.options, self.queue = options, queue
        self.num_threads, self.limit = num_threads, limit
        self._submitted = queue.alive()
        self._refused_until = 0.0

    @property
    def capacity(self) -> int:
        """How many jobs to have in the queue; as many as are there where Slurm takes no more."""
        if time.monotonic() < self._refused_until:
            return min(self.limit, self.queue.alive())
        return self.limit

    def start(self, job: Job) -> "SlurmExecution":
        """Submit a job that trains or resumes the run, unless there is one.

        :raises OSError: If the run's folder cannot be written
        :raises UsageError: If Slurm refuses the study's first job
        """
        return SlurmExecution(job, self)

    def submit(self, job: Job) -> str | None:
        """Submit a job that trains the run; return its number, None while no more are taken.

        :raises UsageError: If not one of the study's jobs was taken
        """
        if time.monotonic() < self._refused_until:
            return None
        folder = job.folder.path.resolve()
        try:
            answer = slurm("sbatch", *self._options(folder), stdin=self._script(job, folder))
        except SlurmError as error:
            if not self._submitted:
                raise UsageError(f"Slurm refuses the study's jobs: {error}") from None
            tell(f"note: Slurm takes no more jobs for now: {error}")
            self._refused_until = time.monotonic() + SUBMIT_INTERVAL
            return None
        number = answer.strip().partition(";")[0]
        self.queue.add(number, folder)
        self._submitted += 1
        return number

    def _options(self, folder: Path) -> list[str]:
        return [
            "--parsable",
            f"--job-name={self.queue.name}",
            f"--chdir={folder}",
            "--output=log.txt",
            "--open-mode=append",
            "--requeue",
            f"--signal=B:USR1@{WARNING}",
            "--ntasks=1",
            f"--cpus-per-task={self.num_threads}",
            *self.options,
        ]

    def _script(self, job: Job, folder: Path) -> str:
        train = [sys.executable, "-m", "agents.executors.slurm_job", str(folder)]
        train += [str(self.num_threads), *job.flags()]
        here, path = shlex.quote(str(Path.cwd())), shlex.quote(python_path())
        return f"#!/bin/sh\ncd {here} && PYTHONPATH={path} exec {shlex.join(train)}\n"


class SlurmExecution:
    """An execution of a run by a Slurm job: one that the queue has already, or a new one.

    :raises OSError: If the run's log cannot be written
    :raises UsageError: If Slurm refuses the study's first job
    """

    def __init__(self, job: Job, executor: SlurmExecutor) -> None:
        self.job, self.executor = job, executor
        self.output = Output(job.log)
        self.pending = True
        self.killed = False
        self.begun_at: int | None = None  # nobody knows of a job that was there already
        self._outcome = Outcome() if job.folder.finished else None
        self.number = executor.queue.find(job.folder.path.resolve())
        if self.number is None and self._outcome is None:
            self.begun_at = job.resumes_at()
            self.number = executor.submit(job)

    def outcome(self) -> Outcome | None:
        """Return how it ended, None while it lasts."""
        if self._outcome is not None:
            return self._outcome
        if self.number is None:
            self.number = self.executor.submit(self.job)
            return None
        state = self.executor.queue.state(self.number)
        self.pending = state in PENDING
        if state is None or state in ENDED:
            self._outcome = self._ended(state)
        return self._outcome

    def stop(self) -> None:
        """Ask it to end soon, its folder in order."""
        self._cancel()

    def kill(self) -> None:
        """End it now; it has ended when Slurm says so."""
        if not self.killed:
            self.killed = True
            self._cancel("--full", "--signal=KILL")

    def _cancel(self, *how: str) -> None:
        if self.number is None:
            self._outcome = Outcome("not submitted", mendable=True)
        elif self._outcome is None:
            try:
                slurm("scancel", *how, self.number)
            except SlurmError as error:
                tell(f"note: {self.job.name}: {error}")

    def _ended(self, state: str | None) -> Outcome:
        which = f"its Slurm job {self.number}"
        code = self._exit_code() if state in ("COMPLETED", "FAILED") else None
        if code == 0 or self._finished():
            return Outcome()
        if state in TIMED_OUT or code == TIME_LIMIT:
            if self.begun_at is None or self.job.resumes_at() > self.begun_at:
                return Outcome(f"{which} met its time limit", lost=True)
            return Outcome(f"{which} met its time limit before a checkpoint: ask for more time")
        if state == "CANCELLED":
            return Outcome(f"{which} was cancelled", mendable=True)
        if state == "OUT_OF_MEMORY":
            return Outcome(f"{which} ran out of memory: ask for more, such as --slurm mem=4G")
        if code is None:
            return Outcome(f"{which} was lost ({state or 'gone from the queue'})", lost=True)
        return process_outcome(code, self.output.text())

    def _exit_code(self) -> int | None:
        """Return the job's exit code, minus the signal's number if one ended it."""
        try:
            shown = slurm("scontrol", "show", "job", "--oneliner", str(self.number))
        except SlurmError:
            return None
        found = re.search(r"\bExitCode=(\d+):(\d+)", shown)
        if found is None:
            return None
        code, number = map(int, found.groups())
        if code > 128 and code != INTERRUPTED:
            code, number = 0, code - 128
        return -number or code

    def _finished(self) -> bool:
        try:
            return self.job.folder.finished
        except (UsageError, OSError):
            return False


def slurm(*command: str, stdin: str = "") -> str:
    """Run one of Slurm's commands and return what it prints.

    :raises SlurmError: If it fails
    """
    try:
        # A session of its own: Ctrl-C leaves what is being submitted alone.
        done = subprocess.run(
            command,
            input=stdin,
            check=False,
            capture_output=True,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise SlurmError(f"there is no {command[0]} on this machine") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise SlurmError(f"{command[0]}: {lines[-1].removeprefix(f'{command[0]}: error: ')}")
    return done.stdout
