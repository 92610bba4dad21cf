"""Pictures of games with the places of their objects drawn on them, to be looked at."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from common.files import write_atomically
from envs.atari import make_atari_env
from envs.objects import SCREEN, on_screen

N_PICTURES = 50
STEPS = 9
"""Steps of random play between two pictures."""
_COLUMNS, _SCALE, _GAP, _ARM = 10, 2, 3, 12
_COLOURS = ("white", "magenta", "cyan", "yellow", "lime")


def save_pictures(game: str, folder: Path, seed: int = 0) -> Path:
    """Draw 50 screens of random play on one sheet, with a cross at each object that is seen.

    :return: The PNG
    """
    generator = np.random.default_rng(seed)
    screens, memories = [], []
    with closing(make_atari_env(game, 1, seed, backend="sb3")) as env:
        console = env.get_attr("unwrapped")[0].ale
        env.reset()
        for step in range(1, N_PICTURES * STEPS + 1):
            env.step(generator.integers(env.action_space.n, size=1))  # type: ignore[attr-defined]
            if step % STEPS == 0:
                screens.append(console.getScreenRGB())
                memories.append(console.getRAM().copy())
    places = on_screen(game, np.array(memories), np.array(screens))
    height, width = (_SCALE * length for length in SCREEN)
    sheet = Image.new("RGB", (_COLUMNS * width, -(-N_PICTURES // _COLUMNS) * height))
    for number, screen in enumerate(screens):
        picture = Image.fromarray(screen).resize((width, height), Image.Resampling.NEAREST)
        for centres, colour in zip(places.values(), _COLOURS, strict=False):
            _cross(picture, centres[number].tolist(), colour)
        sheet.paste(picture, (number % _COLUMNS * width, number // _COLUMNS * height))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{game}.png"
    write_atomically(path, sheet.save)
    return path


def _cross(picture: Image.Image, centre: Sequence[float], colour: str) -> None:
    """Draw a cross around a place, which itself stays to be seen."""
    if np.isnan(centre).any():
        return
    x, y = (_SCALE * (value + 0.5) for value in centre)
    draw = ImageDraw.Draw(picture)
    for sign in (-1, 1):
        draw.line((x + sign * _GAP, y, x + sign * _ARM, y), fill=colour)
        draw.line((x, y + sign * _GAP, x, y + sign * _ARM), fill=colour)
