"""What is trained to see whether a network can learn where things are, and the results."""

import csv
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from agents.probe.frames import CHUNK, Frames, Store, in_quadrant, split_object
from agents.probe.learning import errors, learn, name
from common.errors import UsageError
from common.files import read_json, write_bytes, write_json
from envs.objects import coordinates

FORMAT = 1
N_TEST = 2000
"""Frames that are tested on."""
SPLITS = ("games", "quadrant")
"""What is held out: other games of random play; or, beside these, a quarter of the places."""
FRAMES = "frames"


@dataclass(frozen=True)
class Cell:
    """A training.

    :param split: One of :data:`SPLITS`
    :param n_frames: Frames that it learns from
    """

    game: str
    arm: str
    split: str
    n_frames: int
    seed: int
    n_updates: int

    def path(self, output: Path) -> Path:
        """Return the file of its result."""
        folder = output / self.game / self.arm / f"{self.split}-{self.n_frames}"
        return folder / f"seed-{self.seed}.json"

    def result(self, output: Path) -> dict[str, Any] | None:
        """Read its result, None if it is not there, or of another number of updates."""
        path = self.path(output)
        if not path.exists():
            return None
        record = read_json(path)
        wanted = {"format": FORMAT, **asdict(self)}
        return record if wanted.items() <= record.items() else None


def cells(
    games: Sequence[str],
    arms: Sequence[str],
    sizes: Sequence[int],
    n_seeds: int,
    n_updates: int,
) -> Iterator[Cell]:
    """List trainings: of all sizes on other games, of the largest one also on held-out places.

    Games where nothing but one coordinate moves have no quadrant.
    """
    for game in games:
        for seed in range(n_seeds):
            for arm in arms:
                for size in sizes:
                    yield Cell(game, arm, "games", size, seed, n_updates)
                if split_object(game) is not None:
                    yield Cell(game, arm, "quadrant", max(sizes), seed, n_updates)


def train_cells(todo: Sequence[Cell], output: Path, tell: Callable[[str], None] = print) -> None:
    """Train cells of one game and seed, but for those whose results are there.

    :param tell: Is told how each went
    """
    missing = [cell for cell in todo if cell.result(output) is None]
    if not missing:
        return
    game, seed = missing[0].game, missing[0].seed
    store = Store(output / FRAMES, game)
    largest = max(cell.n_frames for cell in todo)
    chunks = -(-largest // CHUNK)
    train = store.load("train", largest, first=seed, chunks=chunks)
    test = store.load("test", N_TEST)
    for number, cell in enumerate(missing, 1):
        result = train_cell(cell, train[: cell.n_frames], test)
        path = cell.path(output)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, result)
        pixels = fmean(result["pixels"])
        tell(f"{number}/{len(missing)} {cell.arm}, {cell.split} {cell.n_frames}: {pixels:.1f} px")


def train_cell(cell: Cell, train: Frames, test: Frames) -> dict[str, Any]:
    """Train an extractor and test it.

    :return: The cell, and for each coordinate the error in pixels and R2
    :raises UsageError: If no frame is left to test on
    """
    started = time.process_time()
    chosen = list(range(len(coordinates(cell.game))))
    if cell.split == "quadrant":
        chosen = split_object(cell.game) or chosen
        held_out = in_quadrant(np.concatenate([train.places, test.places]), chosen)
        train = train[~held_out[: len(train)]]
        test = test[held_out[-len(test) :]]
        if not len(test):
            raise UsageError(f"{cell.game}: no frame of the test is of a held-out place")
    namer = learn(cell.arm, train, cell.seed, cell.n_updates)
    found = errors(name(namer, test.images)[:, chosen], test.places[:, chosen])
    names = [" ".join(coordinates(cell.game)[number]) for number in chosen]
    seconds = round(time.process_time() - started, 1)
    record = {"format": FORMAT, **asdict(cell), "coordinates": names, **asdict(found)}
    return {**record, "n_test": len(test), "cpu_seconds": seconds}


def explained(result: dict[str, Any]) -> float:
    """Return the mean share of the coordinates' variance that is explained, none below 0."""
    return fmean(max(r2, 0.0) for r2 in result["r2"])


def write_returns(results: Sequence[dict[str, Any]], path: Path) -> None:
    """Write results as a table that ``coordrl.compare`` reads: the timesteps are frames.

    :raises UsageError: If there are none
    """
    if not results:
        raise UsageError("there are no results to compare")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["game", "algorithm", "arm", "seed", "step", "return"])
    for row in results:
        value = round(explained(row), 6)
        where = (f"{row['game']} places", f"held-out {row['split']}")
        writer.writerow([*where, row["arm"], row["seed"], row["n_frames"], value])
    write_bytes(path, text.getvalue().encode())
