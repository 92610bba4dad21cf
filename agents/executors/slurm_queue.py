"""The jobs of a study in Slurm's queue, as ``squeue`` shows them."""

import hashlib
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from common.command_line import tell

LOOK_INTERVAL = 5.0
"""Seconds between two looks at the queue."""
UNSEEN = 30.0
"""Seconds that a job may be missing in the queue before it counts as lost."""

PENDING = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD"}
LOST = {"NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "REVOKED"}
TIMED_OUT = {"TIMEOUT", "DEADLINE"}
ENDED = {"COMPLETED", "CANCELLED", "FAILED", "OUT_OF_MEMORY", "SPECIAL_EXIT", *LOST, *TIMED_OUT}
"""States of Slurm's jobs; in all others a job has begun and not ended."""
ORDINARY = {"None", "Priority", "Resources", "BeginTime", "Cleaning"}
"""Reasons to wait that pass by themselves."""


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
