"""What is trained to see whether a network can learn where things are, and the results."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.probe.frames import CHUNK, Frames, Store, held_out, split_object
from agents.probe.learning import errors, learn, name
from common.files import read_json, write_json
from envs.objects import coordinates

FORMAT = 2
FRAMES = "frames"
TESTS = ("shown", "never_shown")
"""What is tested on frames of other games: places like those of training; those held out."""


@dataclass(frozen=True)
class Cell:
    """A training.

    :param n_frames: Frames that it learns from, but for those of held-out places
    :param n_collected: Frames that these are drawn from
    """

    game: str
    arm: str
    n_frames: int
    n_collected: int
    seed: int
    n_updates: int
    device: str = "cpu"

    def path(self, output: Path) -> Path:
        """Return the file of its result."""
        return output / self.game / self.arm / f"frames-{self.n_frames}" / f"seed-{self.seed}.json"

    def result(self, output: Path) -> dict[str, Any] | None:
        """Read its result, None if it is not there, or of another training."""
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
    device: str = "cpu",
) -> Iterator[Cell]:
    """List trainings, those of a game and seed together."""
    n_collected = -(-max(sizes) // CHUNK) * CHUNK
    for game in games:
        for seed in range(n_seeds):
            for arm in arms:
                for size in sizes:
                    yield Cell(game, arm, size, n_collected, seed, n_updates, device)


def train_cells(todo: Sequence[Cell], output: Path, tell: Callable[[str], None] = print) -> None:
    """Train cells of one game and seed, but for those whose results are there.

    :param tell: Is told how each went
    """
    missing = [cell for cell in todo if cell.result(output) is None]
    if not missing:
        return
    first = missing[0]
    train, test, n_dropped = Store(output / FRAMES, first.game, first.n_collected).load()
    not_to_train, never_shown = held_out(first.game, train, test)
    order = np.random.default_rng(first.seed).permutation(len(train))
    for number, cell in enumerate(missing, 1):
        chosen = order[: cell.n_frames]
        chosen = np.sort(chosen[~not_to_train[chosen]])
        result = train_cell(cell, train[chosen], test, never_shown)
        path = cell.path(output)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {**result, "n_identical_left_out": n_dropped})
        skill = ", ".join(f"{what} {result[what]['skill']:.2f}" for what in TESTS if what in result)
        tell(f"{number}/{len(missing)} {cell.arm}, {cell.n_frames} frames: skill {skill}")


def train_cell(
    cell: Cell, train: Frames, test: Frames, never_shown: np.ndarray[Any, np.dtype[np.bool_]]
) -> dict[str, Any]:
    """Train an extractor and test it.

    :param never_shown: Which frames of the test have the object at a place that was held out
    :return: The cell, and for each kind of test how many frames there were, the coordinates and
        their errors; where no place is held out, of the first kind alone
    """
    started = time.process_time()
    namer = learn(cell.arm, train, cell.seed, cell.n_updates, cell.device)
    named = name(namer, test.images)
    kinds = {"shown": (~never_shown, list(range(named.shape[1])))}
    if never_shown.any():
        kinds["never_shown"] = (never_shown, split_object(cell.game) or [])
    found = {}
    for kind, (which, numbers) in kinds.items():
        places = test.places[which][:, numbers]
        wrong = errors(named[which][:, numbers], places, train.places[:, numbers])
        names = [" ".join(coordinates(cell.game)[number]) for number in numbers]
        if wrong.skill is not None:
            counted = {"n_frames": int(which.sum()), "coordinates": names}
            found[kind] = {**counted, **asdict(wrong), "skill": wrong.skill}
    seconds = round(time.process_time() - started, 1)
    record = {"format": FORMAT, **asdict(cell), "n_trained": len(train), **found}
    return {**record, "cpu_seconds": seconds}
