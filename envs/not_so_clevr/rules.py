"""What defines Not-so-Clevr as a game: where squares may stand, which are shown, what is paid."""

import difflib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from envs.checks import check_at_least, check_at_most, check_choice, check_types

RECEPTIVE_FIELD = 36
"""Pixels of the input that one output of NatureCNN's convolutions sees, a side."""
STRIDE = 8
"""Pixels between the inputs of two neighbouring outputs of NatureCNN's convolutions."""

_WHITE = 255
_MAX_CANVAS = 1024
_MAX_GRID = 16
_MAX_STEPS = 100_000
# The held-out places are part of the game: the same for every seed, arm and run.
_SPLIT_SEED = 0


@dataclass(frozen=True)
class Rules:
    """Everything that defines the game besides the seed.

    A white square stands somewhere on a black canvas, and the action names the cell of an invisible
    grid that it stands in: action ``row * grid + column``. A place is the offset (row, column) of
    the square's upper left corner from the margin; there are ``side`` x ``side`` of them.

    Two conditions make it a control for networks built like NatureCNN, and are enforced. Squares
    stay a receptive field away from every border, so that none is seen in part; and cells are whole
    multiples of the stride, so that within every cell a square stands equally often in every phase
    of the stride. What global pooling leaves of such a network then depends on the phase alone, and
    says nothing about the cell.

    :param canvas_size: height and width of the picture in pixels, at most 1024
    :param square_size: height and width of the square in pixels
    :param margin: pixels between every border and the nearest square, at least 36
    :param grid: cells a side, 2 to 16; they must be multiples of 8 pixels and fill the places
    :param part: the places that are shown: ``"all"``, or ``"train"`` or ``"test"`` of the split
    :param split: what is held out for ``"test"``: with ``"uniform"`` a random ``held_out`` of the
        places, as many in each cell and phase; with ``"quadrant"`` the lower right quarter (both
        after Liu et al. 2018, section 3)
    :param held_out: part of the places that the uniform split holds out
    :param reward: ``"hit"`` pays 1 for the right cell and 0 otherwise; ``"distance"`` pays 1 for
        the right cell and less the farther away the named one is, 0 in the opposite corner
    :param episode_steps: squares an episode
    :raises ValueError: if a setting is out of its range, or the settings do not fit each other
    """

    canvas_size: int = 128
    square_size: int = 9
    margin: int = RECEPTIVE_FIELD
    grid: int = 3
    part: str = "all"
    split: str = "uniform"
    held_out: float = 0.25
    reward: str = "hit"
    episode_steps: int = 1

    def __post_init__(self) -> None:
        check_types(self)
        check_choice(("all", "train", "test"), part=self.part)
        check_choice(("uniform", "quadrant"), split=self.split)
        check_choice(("hit", "distance"), reward=self.reward)
        check_at_least(1, square_size=self.square_size, episode_steps=self.episode_steps)
        check_at_least(2, grid=self.grid)
        check_at_least(RECEPTIVE_FIELD, margin=self.margin)
        check_at_most(_MAX_CANVAS, canvas_size=self.canvas_size)
        check_at_most(_MAX_GRID, grid=self.grid)
        check_at_most(_MAX_STEPS, episode_steps=self.episode_steps)
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out must be above 0 and below 1, got {self.held_out}")
        self._check_cells()
        if self.part != "all" and self.split == "uniform":
            self._check_held_out()

    @property
    def side(self) -> int:
        """Places a side."""
        return self.canvas_size - 2 * self.margin - self.square_size + 1

    @property
    def cell_size(self) -> int:
        """Height and width of a cell in pixels."""
        return self.side // self.grid

    @property
    def n_actions(self) -> int:
        """Number of cells."""
        return self.grid**2

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """The places that are shown, shape (n, 2), in reading order."""
        if self.part == "all":
            shown = np.ones((self.side, self.side), dtype=bool)
        else:
            held = self._quadrant() if self.split == "quadrant" else self._uniform()
            shown = held == (self.part == "test")
        return np.argwhere(shown)

    @cached_property
    def cells(self) -> npt.NDArray[np.int64]:
        """The right action at each of the places, shape (n,)."""
        rows, columns = (self.places // self.cell_size).T
        right: npt.NDArray[np.int64] = rows * self.grid + columns
        return right

    @cached_property
    def rewards(self) -> npt.NDArray[np.float64]:
        """The reward of an action, by right action and action, shape (n_actions, n_actions)."""
        if self.reward == "hit":
            return np.eye(self.n_actions)
        rows, columns = np.divmod(np.arange(self.n_actions), self.grid)
        distance = np.hypot(np.subtract.outer(rows, rows), np.subtract.outer(columns, columns))
        rewards: npt.NDArray[np.float64] = 1 - distance / distance.max()
        return rewards

    @property
    def random_score(self) -> float:
        """The expected return of an episode of random actions."""
        return float(self.rewards[self.cells].mean() * self.episode_steps)

    def draw(self, shown: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Draw pictures.

        :param shown: indices of places, shape (n,)
        :return: the pictures, shape (n, canvas_size, canvas_size)
        """
        pictures = np.zeros((len(shown), self.canvas_size, self.canvas_size), dtype=np.uint8)
        pixels = self.margin + np.arange(self.square_size)
        rows, columns = self.places[shown].T
        index = np.arange(len(shown))[:, None, None]
        pictures[
            index, (rows[:, None] + pixels)[:, :, None], (columns[:, None] + pixels)[:, None]
        ] = _WHITE
        return pictures

    def _quadrant(self) -> npt.NDArray[np.bool_]:
        # A middle off the stride would give some phases more places than others.
        middle = -(-self.side // (2 * STRIDE)) * STRIDE
        far = np.arange(self.side) >= middle
        return far[:, None] & far

    def _uniform(self) -> npt.NDArray[np.bool_]:
        """Hold out as many places of each cell and phase: pooled networks stay at chance."""
        blocks = self.cell_size // STRIDE
        groups = (self.grid, self.grid, STRIDE, STRIDE)
        ranks = np.broadcast_to(np.arange(blocks**2), (*groups, blocks**2))
        ranks = np.random.default_rng(_SPLIT_SEED).permuted(ranks, axis=-1)
        held = (ranks < self._held_out_of_group).reshape(*groups, blocks, blocks)
        return held.transpose(0, 4, 2, 1, 5, 3).reshape(self.side, self.side)

    @property
    def _group(self) -> int:
        """Places of one cell and phase."""
        return (self.cell_size // STRIDE) ** 2

    @property
    def _held_out_of_group(self) -> int:
        return round(self.held_out * self._group)

    def _check_cells(self) -> None:
        step = STRIDE * self.grid
        if self.side < step or self.side % step:
            fitting = self.canvas_size - self.side + max(round(self.side / step), 1) * step
            raise ValueError(
                f"canvas_size {self.canvas_size} leaves a square {max(self.side, 0)} places a "
                f"side, which {self.grid} cells of a multiple of {STRIDE} pixels do not fill: "
                + (f"use canvas_size {fitting}, or " if fitting <= _MAX_CANVAS else "use ")
                + "another grid, margin or square_size"
            )

    def _check_held_out(self) -> None:
        if not 0 < self._held_out_of_group < self._group:
            raise ValueError(
                f"held_out {self.held_out} of the {self._group} places that a cell of "
                f"{self.cell_size} pixels has in each phase is none or all of them: "
                "use another held_out, larger cells or split quadrant"
            )


def make_rules(**settings: Any) -> Rules:
    """Make the rules of a game, naming the settings there are if one is unknown.

    :param settings: fields of :class:`Rules`
    :return: the rules
    :raises ValueError: if a setting is unknown or out of its range
    """
    known = list(Rules.__dataclass_fields__)
    for name in settings:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=2)
            hint = f"did you mean {' or '.join(nearest)}?"
            raise ValueError(
                f"unknown Not-so-Clevr setting {name!r}: "
                + (hint if nearest else f"choose from {', '.join(known)}")
            )
    return Rules(**settings)
