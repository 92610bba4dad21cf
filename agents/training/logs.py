"""The files that grow while a run trains, and how they go on when it is resumed."""

import hashlib
import os
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import (
    CSVOutputFormat,
    KVWriter,
    Logger,
    TensorBoardOutputFormat,
)

from common.files import write_atomically

State = dict[str, Any]


class ProgressCSV(CSVOutputFormat):
    """SB3's progress.csv, which goes on after the rows that are there already."""

    def __init__(self, path: Path) -> None:
        rows = path.read_text() if path.exists() else ""
        super().__init__(str(path))  # empties it
        if rows:
            self.keys = rows.partition("\n")[0].split(",")
            self.file.write(rows)
            self.file.flush()


class RunLogs:
    """``episodes.csv``, ``progress.csv`` and TensorBoard's event files of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.progress_csv = folder / "progress.csv"
        self._events: TensorBoardOutputFormat | None = None

    def open_logger(self, output: KVWriter | None = None) -> Logger:
        """Make SB3's logger, whose files go on after what they hold.

        :param output: Where the log goes too
        """
        self._events = TensorBoardOutputFormat(str(self.folder))
        others = [] if output is None else [output]
        return Logger(str(self.folder), [ProgressCSV(self.progress_csv), self._events, *others])

    def get_state(self) -> State:
        """Bring the files to the disk and describe how far they are."""
        assert self._events is not None
        self._events.writer.flush()
        sizes, hashes = {}, {}
        for path in self._growing():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            sizes[path.name] = path.stat().st_size
            hashes[path.name] = _hash(path, sizes[path.name])
        # SB3 rewrites its rows when a column is added: their size would not do.
        rows = self.progress_csv.read_text() if self.progress_csv.exists() else ""
        return {"sizes": sizes, "hashes": hashes, "progress_csv": rows}

    def hold(self, state: State) -> bool:
        """Whether the files still hold what they did at that point, to the byte."""
        return all(
            (found := _hash(self.folder / name, size)) is not None
            and found == state.get("hashes", {}).get(name, found)  # older checkpoints have none
            for name, size in state["sizes"].items()
        )

    def set_state(self, state: State) -> None:
        """Take back what was written after that point; the files must not be open."""
        for path in self._growing():
            if path.name in state["sizes"]:
                os.truncate(path, state["sizes"][path.name])
            else:
                path.unlink()
        write_atomically(self.progress_csv, lambda draft: draft.write_text(state["progress_csv"]))

    def _growing(self) -> list[Path]:
        episodes = self.folder / "episodes.csv"
        events = sorted(self.folder.glob("events.out.tfevents.*"))
        return [episodes, *events] if episodes.exists() else events


def _hash(path: Path, size: int) -> str | None:
    """Hash the beginning of a file of the run's own; None where there is less of it."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size < size:
        return None
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (block := file.read(min(size, 2**20))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()
