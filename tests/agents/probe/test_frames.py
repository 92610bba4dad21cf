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
from common.errors import UsageError
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
    train, test = store.load("train"), store.load("test")
    assert (len(train), len(test)) == (32, 16)
    again = play("Freeway", 16, 201_000)
    assert train[np.arange(16, 32)].fingerprint == again.fingerprint
    assert not np.array_equal(test.images, again.images)


def test_damaged_frames_are_named(tmp_path: Path) -> None:
    store, path = Store(tmp_path, "Pong", 1000), tmp_path / "Pong" / "train-000.npz"
    path.parent.mkdir()
    np.savez(path, images=np.zeros((3, 4, 84, 84), np.uint8))
    whole = path.read_bytes()
    for content in (b"", b"PK\x03\x04 and more", whole[: len(whole) // 2], whole):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"train-000.npz is damaged, delete it"):
            store.load("train")


def test_frames_whose_images_are_known_are_told() -> None:
    some, others = squares(20), squares(30, seed=1)
    some.images[3], some.images[4] = others.images[7], others.images[8]
    new = unlike(some, others)
    assert not new[3]
    assert not new[4]
    # Every tenth square is missing: black images are alike.
    assert new.sum() == 20 - 2 - 2


def test_an_object_that_is_there_in_another_colour_is_held_out_too() -> None:
    """Memory has its place, the screen does not show it: it may not be learned from."""
    train, test = squares(300), squares(1000, seed=1)
    middle = np.nanmedian(train.places, axis=0)
    train.remembered[0], train.remembered[10] = middle + 5, middle - 5
    assert np.isnan(train.places[[0, 10]]).all()
    of_train, _ = held_out("Hero", train, test)
    assert (of_train[0], of_train[10]) == (True, False)


def test_the_split_is_about_the_ball_or_the_player_if_it_moves_both_ways() -> None:
    assert split_object("Pong") == [2, 3]
    assert split_object("Hero") == [0, 1]
    assert split_object("Freeway") is None
    assert [game for game in GAMES if split_object(game) is None] == ["Freeway", "SpaceInvaders"]


def test_a_quadrant_is_low_and_to_the_right_and_holds_no_unseen_object() -> None:
    places = np.stack(np.meshgrid(np.arange(10.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    chosen = in_quadrant(places, np.array([4.5, 9.5]))
    assert chosen.mean() == 0.25
    assert places[chosen].min(0).tolist() == [5, 10]
    assert not in_quadrant(places * np.nan, np.array([4.5, 9.5])).any()


def test_places_are_held_out_where_enough_of_the_test_show_them() -> None:
    train, test = squares(300), squares(1000, seed=1)
    train.remembered[5, 1] = 80
    of_train, of_test = held_out("Hero", train, test)
    middle = np.nanmedian(train.places, axis=0)
    expected = (train.places > middle).all(1)
    expected[5] = True  # shown there in an older image
    assert np.array_equal(of_train, expected)
    assert 200 <= of_test.sum() == (test.places > middle).all(1).sum()
    for parts in (held_out("Hero", train, test[np.arange(400)]), held_out("Freeway", train, test)):
        assert not any(part.any() for part in parts)


def test_remembered_places_are_those_of_all_images() -> None:
    """The squares of Pong's ball: where it was in the second newest image it is bright there."""
    played = play("Pong", 240, 3)
    assert played.remembered.shape == (240, 4, 4)
    seen = ~np.isnan(played.places)
    assert np.array_equal(played.remembered[:, -1][seen], played.places[seen])
    names = [" ".join(pair) for pair in coordinates("Pong")]
    ball = [names.index("ball x"), names.index("ball y")]
    found = []
    for age in (1, 0):
        places = played.remembered[:, -1 - age]
        for image, (x, y) in zip(played.images[:, -1 - age], places[:, ball], strict=True):
            if 20 < x < 64 and 20 < y < 70:
                rows, columns = (slice(int(v) - 1, int(v) + 3) for v in (y, x))
                found.append(image[rows, columns].max() - np.median(image) > 20)
    assert len(found) > 30
    assert np.mean(found) > 0.9


def test_frames_are_chosen_by_index() -> None:
    places = np.arange(5.0)[:, None]
    chosen = Frames(np.zeros((5, 1, 2, 2), np.uint8), places, places[:, None])
    assert chosen[np.array([True, False, True, False, False])].places.ravel().tolist() == [0, 2]
