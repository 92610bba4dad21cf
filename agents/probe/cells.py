"""What is trained to see whether a network can learn where things are, and the results."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.probe.frames import CHUNK, Flags, Frames, Store, held_out, split_object, unlike
from agents.probe.learning import LEARNING_RATE, average, errors, learn, name
from agents.run.arm import find_arm
from agents.run.provenance import builds
from common.errors import UsageError
from common.files import read_json, write_json
from envs.objects import Places, coordinates

FORMAT = 3
FIRST_SEED = 100
"""Seeds below are for trials, by which what is the same for all arms was chosen."""
LEARNING_RATES = {"Pong": 3e-4}
"""Of games in whose trials pooled networks named one place for all images with the ordinary one."""
FRAMES = "frames"
TRAINED_ON = "trained_on"
"""Frames that were trained on: low skill there is slow learning, not poor generalisation."""
MOST_TRAINED = 2_000
"""Of these, so many at most are looked at."""
TESTS = ("shown", "never_shown")
"""What is tested on frames of other games: places like those of training; those held out."""


@dataclass(frozen=True)
class Cell:
    """A training.

    :param n_frames: Frames that it learns from, if there are so many without held-out places
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

    @property
    def identity(self) -> dict[str, Any]:
        """What its record begins with, and no other training's."""
        arm = find_arm(self.arm)
        extractor = [arm.features_extractor_class, arm.features_extractor_kwargs]
        rate = {"learning_rate": learning_rate(self.game)}
        return {"format": FORMAT, **asdict(self), **rate, "extractor": extractor}

    def result(self, output: Path) -> dict[str, Any] | None:
        """Read its result, None if it is not there.

        :raises UsageError: If that of another training is in its place
        """
        path = self.path(output)
        if not path.exists():
            return None
        record = read_json(path)
        for key, value in self.identity.items():
            if record.get(key) != value:
                raise UsageError(
                    f"{path} is of another training ({key} {record.get(key)}, now {value}): give "
                    f"--output a folder of its own"
                )
        return record


def learning_rate(game: str) -> float:
    """Return the learning rate of all arms in a game."""
    return LEARNING_RATES.get(game, LEARNING_RATE)


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
        for seed in range(FIRST_SEED, FIRST_SEED + n_seeds):
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
    game, seed = missing[0].game, missing[0].seed
    store = Store(output / FRAMES, game, missing[0].n_collected)
    train, test = store.load("train"), store.load("test")
    frames = [train.fingerprint, test.fingerprint]
    not_to_train, never_shown = held_out(game, train, test)
    allowed = np.flatnonzero(~not_to_train)
    new = unlike(test, train[allowed])
    test, never_shown = test[new], never_shown[new]
    allowed = np.random.default_rng(seed).permutation(allowed)
    facts = {"frames": frames, "n_identical_left_out": int((~new).sum()), "builds": builds()}
    known = average(train.places[allowed])
    for number, cell in enumerate(missing, 1):
        frames_of_cell = train[np.sort(allowed[: cell.n_frames])]
        result = train_cell(cell, frames_of_cell, test, never_shown, known)
        path = cell.path(output)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {**result, **facts})
        skill = ", ".join(f"{what} {result[what]['skill']:.2f}" for what in TESTS if what in result)
        tell(f"{number}/{len(missing)} {cell.arm}, {cell.n_frames} frames: skill {skill}")


def train_cell(
    cell: Cell, train: Frames, test: Frames, never_shown: Flags, known: Places
) -> dict[str, Any]:
    """Train an extractor and test it.

    :param never_shown: Which frames of the test have the object at a place that was held out
    :param known: The average of the places that may be trained on
    :return: The cell, and for frames trained on and each kind of test how many frames there were,
        the coordinates and their errors; where no place is held out, of no such test
    """
    started = time.process_time()
    rate = learning_rate(cell.game)
    namer = learn(cell.arm, train, cell.seed, cell.n_updates, rate, cell.device)
    some = train[:: -(-len(train) // MOST_TRAINED)]
    named = name(namer, test.images)
    every = list(range(named.shape[1]))
    kinds = {
        TRAINED_ON: (name(namer, some.images), some.places, every),
        "shown": (named[~never_shown], test.places[~never_shown], every),
    }
    if never_shown.any():
        chosen = split_object(cell.game) or []
        kinds["never_shown"] = (named[never_shown], test.places[never_shown], chosen)
    found = {}
    for kind, (answers, places, numbers) in kinds.items():
        wrong = errors(answers[:, numbers], places[:, numbers], known[numbers])
        names = [" ".join(coordinates(cell.game)[number]) for number in numbers]
        if wrong.skill is not None:
            found[kind] = {"n_frames": len(places), "coordinates": names, **asdict(wrong)}
    seconds = round(time.process_time() - started, 1)
    record = {**cell.identity, "n_trained": len(train), **found}
    return {**record, "cpu_seconds": seconds}
