"""Frames of Atari games with the places of their objects: collected once, kept in a folder."""

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from stable_baselines3.common.policies import BasePolicy

from common.files import write_atomically
from envs.atari import make_atari_env
from envs.objects import Places, coordinates, in_images

N_ENVS = 8
"""Games played side by side: few frames come from many games."""
EVERY = 4
"""Steps of a game between two of its frames."""
CHUNK = 1000
"""Frames of a file."""

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Frames:
    """What agents see, and where things are.

    :param images: Observations of shape (n, 4, 84, 84), the newest frame last
    :param places: Where what moves is in the newest frame, in pixels, of shape (n, coordinates) in
        the order of :func:`envs.objects.coordinates`; NaN where it is not seen
    """

    images: Images
    places: Places

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: slice | npt.NDArray[np.generic]) -> "Frames":
        return Frames(self.images[which], self.places[which])


def play(game: str, n_frames: int, seed: int, policy: BasePolicy | None = None) -> Frames:
    """Play a game, by the classic protocol and SB3's wrappers, and keep every fourth observation.

    :param seed: Of the games, and of random actions
    :param policy: Who plays; random actions if None
    """
    generator = np.random.default_rng(seed)
    images, places = [], []
    with closing(make_atari_env(game, N_ENVS, seed, backend="sb3")) as env:
        consoles = [base.ale for base in env.get_attr("unwrapped")]
        observations = env.reset()
        for step in range(1, EVERY * -(-n_frames // N_ENVS) + 1):
            if policy is None:
                actions = generator.integers(env.action_space.n, size=N_ENVS)  # type: ignore[attr-defined]
            else:
                actions, _ = policy.predict(observations)  # type: ignore[arg-type]  # no tuples
            observations, *_ = env.step(actions)
            if step % EVERY == 0:
                memory = np.stack([console.getRAM() for console in consoles])
                screens = np.stack([console.getScreenRGB() for console in consoles])
                images.append(np.ascontiguousarray(observations))
                places.append(in_images(game, memory, screens))
    return Frames(np.concatenate(images), np.concatenate(places))[:n_frames]


class Store:
    """Frames of a game's random play, in files of 1,000 in a folder.

    :param folder: Where the files are, or are to be written
    """

    def __init__(self, folder: Path, game: str) -> None:
        self._folder, self._game = folder / game, game

    def collect(self, n_train: int, n_test: int) -> None:
        """Play as many games as it takes, those for training and for testing from other seeds.

        Files that are there already are kept: each comes from a seed of its own.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for part, n_frames in (("train", n_train), ("test", n_test)):
            for number in range(-(-n_frames // CHUNK)):
                path = self._path(part, number)
                if not path.exists():
                    frames = play(self._game, CHUNK, _seed(part, number))
                    write_atomically(path, partial(_write, frames))

    def load(self, part: str, n_frames: int, first: int = 0, chunks: int | None = None) -> Frames:
        """Read frames that were collected.

        :param part: ``"train"`` or ``"test"``
        :param first: The file to begin with; behind the last one comes the first again
        :param chunks: Number of files that there are; as many as needed if None
        """
        needed = -(-n_frames // CHUNK)
        loaded = [_read(self._path(part, (first + i) % (chunks or needed))) for i in range(needed)]
        images = np.concatenate([frames.images for frames in loaded])
        return Frames(images, np.concatenate([frames.places for frames in loaded]))[:n_frames]

    def _path(self, part: str, number: int) -> Path:
        return self._folder / f"{part}-{number:03d}.npz"


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


def in_quadrant(places: Places, chosen: list[int]) -> npt.NDArray[np.bool_]:
    """Tell which frames have the object in the quadrant that is held out: low and to the right.

    Low and right of the middle of an image of 84 pixels would hold nothing in some games, so the
    middle is that of where the object is seen.
    """
    middle = np.nanmedian(places[:, chosen], axis=0)
    return np.asarray((places[:, chosen] > middle).all(axis=1))


def _seed(part: str, number: int) -> int:
    return 1000 * number + (500_000 if part == "test" else 0)


def _write(frames: Frames, path: Path) -> None:
    np.savez_compressed(path, images=frames.images, places=frames.places)


def _read(path: Path) -> Frames:
    with np.load(path, allow_pickle=False) as arrays:
        return Frames(arrays["images"], arrays["places"])
