"""What a Ray node does for a run: an actor that keeps its process. Quick to import."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.executors.parcel import pack, unpack
from common.processes import AttachedProcess, thread_environment

PATIENCE = 1.0
"""Seconds that a report waits for the end of the process."""


@dataclass(frozen=True)
class SharedFile:
    """A file by which another machine can tell whether it sees the same folder.

    :param token: What it holds, written nowhere else
    """

    path: Path
    token: str

    def seen(self) -> bool:
        """Whether this machine sees the file."""
        try:
            return self.path.read_text() == self.token
        except OSError:
            return False


@dataclass(frozen=True)
class Report:
    """How a run stands.

    :param end: Exit code and output of its process, None while it lasts
    :param progress: Its progress.json, None before the first or if the driver can read it itself
    :param folder: Its folder, packed, when the process has ended; None if the driver sees it
    """

    end: tuple[int, str] | None = None
    progress: bytes | None = None
    folder: bytes | None = None


class RayWorker:
    """Trains one run on the node that Ray has chosen.

    :param python_path: PYTHONPATH of its process, where the user's own modules are
    :param flags: Further flags of ``agents.train``
    """

    def __init__(self, num_threads: int, python_path: str, flags: Sequence[str] = ()) -> None:
        self.flags = flags
        self.environment = {**thread_environment(num_threads), "PYTHONPATH": python_path}
        self.process: AttachedProcess | None = None
        self.temporary: TemporaryDirectory[str] | None = None

    def train(self, folder: Path, shared: SharedFile) -> Report | None:
        """Train the run in its own folder.

        :param folder: The run's folder as the driver sees it
        :param shared: Of the driver's file system
        :return: None if this node does not see the folder
        :raises OSError: If the process cannot be started, or the folder not be written
        """
        if not shared.seen():
            return None
        return self._train(folder)

    def train_apart(self, content: bytes) -> Report:
        """Train the run in a folder of this node.

        :param content: The run's folder, packed
        :raises OSError: As :meth:`train`
        """
        if self.temporary is None:
            self.temporary = TemporaryDirectory(prefix="coordrl-")
            unpack(content, Path(self.temporary.name))
        return self._train(Path(self.temporary.name))

    def report(self) -> Report:
        """Say how the run stands, after a moment."""
        assert self.process is not None
        end = self.process.end(PATIENCE)
        if self.temporary is None:
            return Report(end)
        folder = Path(self.temporary.name)
        if end is not None:
            return Report(end, folder=pack(folder))
        progress = folder / "progress.json"
        return Report(progress=progress.read_bytes() if progress.exists() else None)

    def stop(self) -> None:
        """Ask the process to end."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """End the process, if it has not ended, and leave nothing on this node."""
        if self.process is not None:
            self.process.kill()
        if self.temporary is not None:
            self.temporary.cleanup()

    def _train(self, folder: Path) -> Report:
        if self.process is None:  # the driver asks again if it did not hear the answer
            command = [sys.executable, "-m", "agents.train", "--run", str(folder), "--attached"]
            command += self.flags
            self.process = AttachedProcess(command, folder / "log.txt", self.environment)
        return Report()
