"""Frames of Atari games with the places of their objects: collected once, kept in a folder."""

import hashlib
import zipfile
import zlib
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from stable_baselines3.common.policies import BasePolicy

from common.errors import UsageError, plain
from common.files import write_atomically
from envs.atari import make_atari_env
from envs.objects import Places, coordinates, in_images

N_ENVS = 8
"""Games played side by side: few frames come from many games."""
EVERY = 4
"""Steps of a game from one of its frames to the next: as many as images in a stack."""
CHUNK = 1000
"""Frames of a file, of games from a seed of its own."""
N_TEST = 4_000
"""Frames that are tested on."""
TRAIN_SEEDS = 200_000
TEST_SEEDS = 700_000
"""From here on seeds are of games to learn from, and to be tested on."""
FEWEST_HELD_OUT = 200
"""With fewer frames of the test at held-out places a game has no such test."""

Images = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Frames:
    """What agents see, and where things are.

    :param images: Observations of shape (n, 4, 84, 84), the newest frame last
    :param places: Where what moves is in the newest frame, in pixels, of shape (n, coordinates) in
        the order of :func:`envs.objects.coordinates`; NaN where it is not seen
    :param remembered: Where the console's memory has it, seen or not, in each of the images, of
        shape (n, 4, coordinates)
    """

    images: Images
    places: Places
    remembered: Places

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: slice | npt.NDArray[np.generic]) -> "Frames":
        return Frames(self.images[which], self.places[which], self.remembered[which])

    @property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        digest = hashlib.sha256()
        for part in (self.images, self.places, self.remembered):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:16]


def play(
    game: str, n_frames: int, seed: int, policy: BasePolicy | None = None, **rules: Any
) -> Frames:
    """Play a game with SB3's wrappers, and keep every fourth observation.

    Frame ``i`` is of the game ``i % N_ENVS``.

    :param seed: Of the games, and of random actions
    :param policy: Who plays; random actions if None
    :param rules: As :func:`envs.atari.make_atari_env` takes them; by default the classic protocol
    """
    generator = np.random.default_rng(seed)
    images, places, remembered = [], list[Places](), list[Places]()
    with closing(make_atari_env(game, N_ENVS, seed, backend="sb3", **rules)) as env:
        consoles = [base.ale for base in env.get_attr("unwrapped")]
        observations = env.reset()
        for step in range(1, EVERY * -(-n_frames // N_ENVS) + 1):
            if policy is None:
                actions = generator.integers(env.action_space.n, size=N_ENVS)  # type: ignore[attr-defined]
            else:
                actions, _ = policy.predict(observations)  # type: ignore[arg-type]  # no tuples
            observations, *_ = env.step(actions)
            memory = np.stack([console.getRAM() for console in consoles])
            remembered.append(in_images(game, memory))
            if step % EVERY == 0:
                images.append(np.ascontiguousarray(observations))
                screens = np.stack([console.getScreenRGB() for console in consoles])
                places.append(in_images(game, memory, screens))
    # Of all steps, as (steps kept, EVERY, games, coordinates).
    steps = np.stack(remembered).reshape(len(images), EVERY, *places[0].shape)
    of_images = np.concatenate(steps.swapaxes(1, 2))
    return Frames(np.concatenate(images), np.concatenate(places), of_images)[:n_frames]


class Store:
    """Frames of a game's random play, in files of 1,000 in a folder.

    :param folder: Where the files are, or are to be written
    :param n_train: Frames to learn from, a multiple of 1,000
    """

    def __init__(self, folder: Path, game: str, n_train: int) -> None:
        self._folder, self._game, self._n_train = folder / game, game, n_train

    def collect(self) -> None:
        """Play as many games as it takes, those for training and for testing from other seeds.

        Files that are there already are kept.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for path, seed in (*self._files("train"), *self._files("test")):
            if not path.exists():
                write_atomically(path, partial(_write, play(self._game, CHUNK, seed)))

    def load(self, part: str) -> Frames:
        """Read what was collected.

        :param part: ``"train"`` or ``"test"``
        """
        loaded = [_read(path) for path, _ in self._files(part)]
        parts = [(frames.images, frames.places, frames.remembered) for frames in loaded]
        return Frames(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _files(self, part: str) -> list[tuple[Path, int]]:
        """Return the files of a part, and the seeds of their games."""
        first, n_frames = {
            "train": (TRAIN_SEEDS, self._n_train),
            "test": (TEST_SEEDS, N_TEST),
        }[part]
        return [
            (self._folder / f"{part}-{number:03d}.npz", first + 1000 * number)
            for number in range(n_frames // CHUNK)
        ]


def unlike(some: Frames, others: Frames) -> Flags:
    """Tell which frames have images that others have not."""
    known = {_digest(image) for image in others.images}
    return np.array([_digest(image) not in known for image in some.images], dtype=bool)


def held_out(game: str, train: Frames, test: Frames) -> tuple[Flags, Flags]:
    """Tell which frames have the game's ball, or else its player, in the quadrant held out.

    None, where nothing moves both ways or too few of the test do.

    :return: Of training those with it there in any of their images, seen or not; of the test those
        that show it there in the newest one
    """
    chosen = split_object(game)
    if chosen is not None:
        middle = np.nanmedian(train.places[:, chosen], axis=0)
        tested = in_quadrant(test.places[:, chosen], middle)
        if tested.sum() >= FEWEST_HELD_OUT:
            remembered = in_quadrant(train.remembered[..., chosen], middle)
            return np.asarray(remembered.any(axis=1)), tested
    return np.zeros(len(train), dtype=bool), np.zeros(len(test), dtype=bool)


def split_object(game: str) -> list[int] | None:
    """Choose the object that the quadrant split is about: the ball, or else the player.

    :return: The numbers of its two coordinates; None where no such object moves both ways
    """
    names = coordinates(game)
    for thing in ("ball", "player"):
        chosen = [number for number, (name, _) in enumerate(names) if name == thing]
        if len(chosen) == 2:
            return chosen
    return None


def in_quadrant(places: Places, middle: Places) -> Flags:
    """Tell which places are low and to the right of the middle.

    The middle is that of where the object is: low and right of the middle of an image would hold
    nothing in some games.

    :param places: Shape (..., 2), NaN where the object is not seen
    :param middle: Shape (2,)
    """
    return np.asarray((places > middle).all(axis=-1))


def _digest(image: Images) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _write(frames: Frames, path: Path) -> None:
    np.savez_compressed(
        path, images=frames.images, places=frames.places, remembered=frames.remembered
    )


def _read(path: Path) -> Frames:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return Frames(arrays["images"], arrays["places"], arrays["remembered"])
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        message = f"{path} is damaged, delete it to have it collected again: {plain(str(error))}"
        raise UsageError(message) from error
