from pathlib import Path

import numpy as np
import pytest

from agents.probe import frames
from agents.probe.frames import Frames, Store, in_quadrant, play, split_object
from envs.objects import GAMES, coordinates


@pytest.mark.slow
def test_the_same_seed_gives_the_same_frames_and_another_one_others() -> None:
    first, again, other = (play("Pong", 40, seed) for seed in (1, 1, 2))
    assert first.images.shape == (40, 4, 84, 84)
    assert first.images.dtype == np.uint8
    assert first.places.shape == (40, len(coordinates("Pong")))
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.places, again.places, equal_nan=True)
    assert not np.array_equal(first.images, other.images)


def test_the_newest_frame_shows_what_the_places_say() -> None:
    """Pong's paddles and ball are brighter than the field; the player's column is known."""
    played = play("Pong", 240, 3)
    newest = played.images[:, -1].astype(int)
    field = np.median(newest[:, 20:70, 30:50])
    column = round((141.5 + 0.5) * 84 / 160 - 0.5)
    paddles = np.abs(newest[:, 14:77, column] - field) > 20
    errors = []
    for paddle, (row, *_) in zip(paddles, played.places, strict=True):
        rows = np.flatnonzero(paddle)
        if len(rows) and not np.isnan(row):
            errors.append(rows.mean() + 14 - row)
    assert len(errors) > 150
    assert np.median(np.abs(errors)) < 1
    assert np.quantile(np.abs(errors), 0.9) < 2.5


@pytest.mark.slow
def test_frames_are_collected_once_and_loaded_from_any_file_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "CHUNK", 16)
    store = Store(tmp_path, "Freeway")
    store.collect(32, 16)
    files = sorted(path.name for path in (tmp_path / "Freeway").iterdir())
    assert files == ["test-000.npz", "train-000.npz", "train-001.npz"]
    times = [path.stat().st_mtime_ns for path in sorted((tmp_path / "Freeway").iterdir())]
    store.collect(32, 16)
    again = [path.stat().st_mtime_ns for path in sorted((tmp_path / "Freeway").iterdir())]
    assert again == times
    whole, turned = store.load("train", 32), store.load("train", 24, first=1, chunks=2)
    assert len(whole) == 32
    assert np.array_equal(turned.images, np.roll(whole.images, 16, axis=0)[:24])
    assert not np.array_equal(store.load("test", 16).images, whole.images[:16])


def test_the_split_is_about_the_ball_or_the_player_if_it_moves_both_ways() -> None:
    assert split_object("Pong") == [2, 3]
    assert split_object("Hero") == [0, 1]
    assert split_object("Freeway") is None
    assert [game for game in GAMES if split_object(game) is None] == ["Freeway", "SpaceInvaders"]


def test_a_quadrant_is_a_quarter_of_the_places_and_holds_no_unseen_object() -> None:
    grid = np.stack(np.meshgrid(np.arange(10.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    places = np.concatenate([np.zeros((200, 1)), grid], axis=1)
    held_out = in_quadrant(places, [1, 2])
    assert held_out.mean() == 0.25
    assert places[held_out, 1].min() == 5
    assert places[held_out, 2].min() == 10
    places[0] = np.nan
    assert not in_quadrant(places, [1, 2])[0]


def test_frames_are_chosen_by_index() -> None:
    chosen = Frames(np.zeros((5, 1, 2, 2), np.uint8), np.arange(5.0)[:, None])
    assert chosen[np.array([True, False, True, False, False])].places.ravel().tolist() == [0, 2]
