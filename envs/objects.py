"""Where the objects of Atari games are: positions read from the console's memory.

The addresses are those of AtariARI (Anand et al. 2019, ``ram_annotations.py``). Which point of an
object they mean, and where that is on the screen, was measured here: objects were found by their
colours on frames of random play, and the offsets taken from these. ``python -m agents.probe
pictures`` draws positions on frames.

An address keeps its value when its object explodes, blinks or is drawn in every other frame only.
So an object counts as seen where its colour is found at its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from envs.games import Game, resolve_game

SCREEN: Final = (210, 160)
"""Rows and columns of the console's screen."""
NEAR: Final = 4
"""Pixels of the screen from an object's centre within which its colour is looked for."""
Memory = npt.NDArray[np.uint8]
"""Bytes of the console's memory, shape (n, 128)."""
Screens = npt.NDArray[np.uint8]
"""RGB images of the console's screen, shape (n, 210, 160, 3)."""
Places = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """An object's place along one axis of the screen, in pixels: ``sign * memory + offset``.

    :param address: Byte of the console's memory; None where the object never moves along the axis
    :param offset: Of the object's centre; the place itself where there is no address
    :param half: Half the object's extent; the centre is that of the part between the edges
    :param low: Edge of what is seen of the screen
    :param high: The other edge: beyond, the object is not to be seen
    """

    address: int | None
    offset: float
    sign: int = 1
    half: float = 0.0
    low: float = 0.0
    high: float = 209.0

    def read(self, memory: Memory) -> Places:
        """Read the centre, shape (n,), NaN where it is not to be seen."""
        if self.address is None:
            return np.full(len(memory), self.offset)
        centre = self.sign * memory[:, self.address].astype(float) + self.offset
        first = np.maximum(centre - self.half, self.low)
        last = np.minimum(centre + self.half, self.high)
        return np.where(first <= last, (first + last) / 2, np.nan)


@dataclass(frozen=True)
class Thing:
    """An object of a game.

    :param colour: What it is drawn with, RGB, and nothing else near it
    """

    colour: tuple[int, int, int]
    x: Axis
    y: Axis


def _in_maze(colour: tuple[int, int, int], x: int, y: int) -> Thing:
    return Thing(colour, x=Axis(x, -8.5, high=159), y=Axis(y, 5.5, high=171))


_RED, _GREEN = (200, 72, 72), (92, 186, 92)
_THINGS: Mapping[str, Mapping[str, Thing]] = {
    "Boxing": {
        "player": Thing((214, 214, 214), x=Axis(32, 9.5), y=Axis(34, 60.5)),
        "enemy": Thing((0, 0, 0), x=Axis(33, 11.5), y=Axis(35, 60.0)),
    },
    "Breakout": {
        "player": Thing(_RED, x=Axis(72, -39.5, half=8, low=7.5, high=151.5), y=Axis(None, 190.5)),
        "ball": Thing(
            _RED, x=Axis(99, -48.5, low=8, high=151), y=Axis(101, 10.5, low=90, high=186)
        ),
    },
    "Freeway": {"player": Thing((252, 252, 84), x=Axis(None, 46.5), y=Axis(14, 196.5, sign=-1))},
    "Hero": {"player": Thing((84, 138, 210), x=Axis(27, 3.5), y=Axis(31, 146.5, sign=-1))},
    "MontezumaRevenge": {"player": Thing(_RED, x=Axis(42, 2.5), y=Axis(43, 317.0, sign=-1))},
    "MsPacman": {
        "player": _in_maze((210, 164, 74), 10, 16),
        "blinky": _in_maze(_RED, 9, 15),
        "pinky": _in_maze((198, 89, 179), 8, 14),
        "inky": _in_maze((84, 184, 153), 7, 13),
        "sue": _in_maze((180, 122, 48), 6, 12),
    },
    "Pong": {
        "player": Thing(
            _GREEN, x=Axis(None, 141.5), y=Axis(51, -6.5, half=8, low=33.5, high=193.5)
        ),
        "enemy": Thing(
            (213, 130, 74), x=Axis(None, 17.5), y=Axis(50, -7.5, half=8, low=33.5, high=193.5)
        ),
        "ball": Thing(
            (236, 236, 236), x=Axis(49, -48.5, high=159), y=Axis(54, -12.5, low=38, high=189)
        ),
    },
    "Seaquest": {"player": Thing((187, 187, 53), x=Axis(70, 7.5), y=Axis(97, 36.0))},
    "SpaceInvaders": {"player": Thing((50, 132, 50), x=Axis(28, 2.0), y=Axis(None, 190.0))},
}

GAMES: Final = tuple(_THINGS)
"""Names of the games whose objects are known."""


def things(game: Game | str) -> Mapping[str, Thing]:
    """Look up the objects of a game by name.

    :raises ValueError: If there is no such game, or its objects are not known
    """
    name = (resolve_game(game) if isinstance(game, str) else game).name
    if name not in _THINGS:
        raise ValueError(f"where {name}'s objects are is not known: use one of {', '.join(GAMES)}")
    return _THINGS[name]


def coordinates(game: Game | str) -> list[tuple[str, str]]:
    """List what moves in a game: pairs of an object's name and ``"x"`` or ``"y"``.

    >>> coordinates("Pong")
    [('player', 'y'), ('enemy', 'y'), ('ball', 'x'), ('ball', 'y')]
    """
    return [
        (name, axis)
        for name, thing in things(game).items()
        for axis in ("x", "y")
        if getattr(thing, axis).address is not None
    ]


def on_screen(
    game: Game | str, memory: Memory, screens: Screens | None = None
) -> dict[str, Places]:
    """Read where objects are on the console's screen.

    :param memory: The console's memory when the screens were drawn
    :param screens: What it showed; None to believe the memory
    :return: For each object its centres, shape (n, 2): column and row, the centre of the first
        pixel at 0; NaN where the object is not seen
    """
    found = {}
    for name, thing in things(game).items():
        places = np.stack([thing.x.read(memory), thing.y.read(memory)], axis=1)
        if screens is not None:
            for place, screen in zip(places, screens, strict=True):
                if not _is_seen(screen, place, thing.colour):
                    place[:] = np.nan
        found[name] = places
    return found


def in_images(
    game: Game | str, memory: Memory, screens: Screens | None = None, size: int = 84
) -> Places:
    """Read where what moves is in the images that agents see, in pixels.

    :param memory: The console's memory when the screens were drawn
    :param screens: What it showed; None to believe the memory
    :param size: Height and width of the images, to which the whole screen is scaled
    :return: Shape (n, coordinates), in the order of :func:`coordinates`
    """
    places = on_screen(game, memory, screens)
    rows, columns = SCREEN
    scale = {"x": size / columns, "y": size / rows}
    values = [
        (places[name][:, "xy".index(axis)] + 0.5) * scale[axis] - 0.5
        for name, axis in coordinates(game)
    ]
    return np.stack(values, axis=1)


def _is_seen(screen: Any, place: Places, colour: tuple[int, int, int]) -> bool:
    if np.isnan(place).any():
        return False
    column, row = np.rint(place).astype(int)
    rows = slice(max(0, row - NEAR), row + NEAR + 1)
    columns = slice(max(0, column - NEAR), column + NEAR + 1)
    return bool((screen[rows, columns] == colour).all(axis=-1).any())
