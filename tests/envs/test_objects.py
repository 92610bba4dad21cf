"""Positions from the console's memory against the objects found by their colours on the screen."""

from functools import cache
from typing import Any

import ale_py
import numpy as np
import pytest
from ale_py import roms

from envs.games import resolve_game
from envs.objects import GAMES, coordinates, in_images, on_screen, things

REGIONS: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("Boxing", "player"): (38, 178, 33, 126),
    ("Boxing", "enemy"): (38, 178, 33, 126),
    ("Breakout", "player"): (189, 193, 8, 152),
    ("Breakout", "ball"): (93, 189, 8, 152),
    ("Freeway", "player"): (24, 198, 44, 51),
    ("Hero", "player"): (20, 160, 0, 160),
    ("MontezumaRevenge", "player"): (46, 180, 0, 160),
    ("MsPacman", "player"): (0, 172, 0, 160),
    ("MsPacman", "blinky"): (0, 172, 0, 160),
    ("MsPacman", "pinky"): (0, 172, 0, 160),
    ("MsPacman", "inky"): (0, 172, 0, 160),
    ("MsPacman", "sue"): (0, 172, 0, 160),
    ("Pong", "player"): (34, 194, 140, 144),
    ("Pong", "enemy"): (34, 194, 16, 20),
    ("Pong", "ball"): (34, 194, 0, 160),
    ("Seaquest", "player"): (40, 165, 0, 160),
    ("SpaceInvaders", "player"): (184, 196, 0, 160),
}
"""Rows and columns within which an object's colour belongs to the object alone."""


@cache
def random_play(game: str) -> tuple[Any, Any]:
    """Return 50 screens of random play, and the memories that go with them."""
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", 3)
    ale.setFloat("repeat_action_probability", 0.0)
    ale.loadROM(roms.get_rom_path(resolve_game(game).rom))
    ale.reset_game()
    generator = np.random.default_rng(3)
    actions = ale.getMinimalActionSet()
    screens, memories = [], []
    for step in range(1, 501):
        if step % 3 == 1:
            action = actions[generator.integers(len(actions))]
        for _ in range(4):
            ale.act(action)
        if ale.game_over():
            ale.reset_game()
        if step % 10 == 0:
            screens.append(ale.getScreenRGB())
            memories.append(ale.getRAM().copy())
    return np.array(screens), np.array(memories)


def middle(mask: Any) -> tuple[float, float]:
    """Return column and row of the middle of what is set."""
    rows, columns = np.nonzero(mask)
    return (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2


@pytest.mark.parametrize(("game", "name"), list(REGIONS))
def test_an_object_is_where_its_colour_is(game: str, name: str) -> None:
    screens, memories = random_play(game)
    places = on_screen(game, memories, screens)[name]
    top, bottom, left, right = REGIONS[game, name]
    painted = (screens == things(game)[name].colour).all(-1)[:, top:bottom, left:right]
    if game == "Freeway":
        painted[:, 101 - top : 105 - top] = False  # the line in the middle of the road
    seen = ~np.isnan(places).any(1)
    assert seen.sum() >= (5 if name in ("ball", "pinky", "inky", "sue") else 20)
    errors = []
    for mask, (column, row) in zip(painted[seen], places[seen] - (left, top), strict=True):
        i, j = round(row), round(column)
        if (game, name) in POSED:  # arms and shots have its colour too
            x, _ = middle(mask[i - 4 : i + 5])
            _, y = middle(mask[:, max(0, j - 4) : j + 5])
        else:
            x, y = middle(mask)
        errors.append((x - column, y - row))
    within = np.abs(errors) <= POSED.get((game, name), (2, 2.5))
    assert np.median(np.abs(errors), axis=0).max() <= 2.5
    assert within.mean() >= 0.9


POSED = {
    ("Boxing", "player"): (2.5, 13),
    ("Boxing", "enemy"): (2.5, 13),
    ("MontezumaRevenge", "player"): (2.5, 7),
    ("Seaquest", "player"): (2.5, 2.5),
}
"""Objects with limbs and shots: how far the middle of their colour may be off, columns and rows."""


def test_what_is_not_seen_has_no_place() -> None:
    screens, memories = random_play("Pong")
    ball = on_screen("Pong", memories, screens)["ball"]
    assert np.isnan(ball).any()
    white = (screens[:, 34:194] == (236, 236, 236)).all(-1).any((1, 2))
    assert not (~np.isnan(ball[:, 0]) & ~white).any()
    dark = on_screen("Pong", memories, np.zeros_like(screens))
    assert all(np.isnan(places).all() for places in dark.values())


def test_places_in_an_agents_images_are_scaled() -> None:
    screens, memories = random_play("Breakout")
    places = on_screen("Breakout", memories, screens)
    scaled = in_images("Breakout", memories, screens)
    assert coordinates("Breakout") == [("player", "x"), ("ball", "x"), ("ball", "y")]
    assert scaled.shape == (50, 3)
    pictures = np.zeros((50, 210, 160))
    for picture, (column, row) in zip(pictures, places["player"], strict=True):
        if not np.isnan(column):
            picture[round(row), int(column)] = picture[round(row), int(np.ceil(column))] = 1
    errors = []
    for picture, column in zip(pictures, scaled[:, 0], strict=True):
        if picture.any():
            # The middle of its shares in the columns of a picture of 84x84, by areas.
            shares = np.repeat(picture.sum(0), 84).reshape(84, 160).sum(1)
            errors.append((shares * np.arange(84)).sum() / shares.sum() - column)
    assert len(errors) > 20
    assert abs(np.mean(errors)) < 0.1
    assert np.abs(errors).max() < 0.3


def test_a_game_whose_objects_are_not_known() -> None:
    with pytest.raises(ValueError, match=f"Tennis's objects are is not known: use .*{GAMES[0]}"):
        coordinates("Tennis")
