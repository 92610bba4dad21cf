from pathlib import Path

import numpy as np
import pytest

from agents.probe import frames
from agents.probe.frames import (
    Frames,
    Store,
    held_out,
    in_quadrant,
    play,
    split_object,
    unlike,
)
from envs.objects import GAMES, coordinates
from tests.agents.probe.squares import squares


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
def test_frames_are_collected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CHUNK", 16), ("N_TEST", 16)):
        monkeypatch.setattr(frames, name, value)
    store = Store(tmp_path, "Freeway", 32)
    store.collect()
    files = sorted((tmp_path / "Freeway").iterdir())
    assert [path.name for path in files] == ["test-000.npz", "train-000.npz", "train-001.npz"]
    times = [path.stat().st_mtime_ns for path in files]
    store.collect()
    assert [path.stat().st_mtime_ns for path in files] == times
    train, test, n_dropped = store.load()
    assert len(train) == 32
    assert len(test) + n_dropped == 16
    again = play("Freeway", 16, 1000)
    assert np.array_equal(train.images[16:], again.images)


def test_frames_whose_images_are_known_are_told() -> None:
    some, others = squares(20), squares(30, seed=1)
    some.images[3], some.images[4] = others.images[7], others.images[8]
    new = unlike(some, others)
    assert not new[3]
    assert not new[4]
    # Every tenth square is missing: black images are alike.
    assert new.sum() == 20 - 2 - 2


def test_the_split_is_about_the_ball_or_the_player_if_it_moves_both_ways() -> None:
    assert split_object("Pong") == [2, 3]
    assert split_object("Hero") == [0, 1]
    assert split_object("Freeway") is None
    assert [game for game in GAMES if split_object(game) is None] == ["Freeway", "SpaceInvaders"]


def test_a_quadrant_is_a_quarter_of_the_range_and_holds_no_unseen_object() -> None:
    places = np.stack(np.meshgrid(np.arange(10.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    often = np.concatenate([places, np.zeros((500, 2))])  # where the median is 0
    chosen = in_quadrant(often)
    assert chosen[:200].mean() == 0.25
    assert not chosen[200:].any()
    assert places[chosen[:200]].min(0).tolist() == [5, 10]
    often[:50] = np.nan
    assert not in_quadrant(often)[:50].any()


def test_places_are_held_out_where_enough_of_the_test_show_them() -> None:
    train, test = squares(300), squares(1000, seed=1)
    of_train, of_test = held_out("Hero", train, test)
    middle = np.nanmax(np.concatenate([train.places, test.places]), axis=0) / 2 + 1.75
    assert np.array_equal(of_train, (train.places > middle).all(1))
    assert 200 <= of_test.sum() == (test.places > middle).all(1).sum()
    for parts in (held_out("Hero", train, test[:400]), held_out("Freeway", train, test)):
        assert not any(part.any() for part in parts)


def test_frames_are_chosen_by_index() -> None:
    chosen = Frames(np.zeros((5, 1, 2, 2), np.uint8), np.arange(5.0)[:, None])
    assert chosen[np.array([True, False, True, False, False])].places.ravel().tolist() == [0, 2]
