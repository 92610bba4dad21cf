from functools import partial

import numpy as np
import pytest
import torch
from stable_baselines3.common.policies import ActorCriticPolicy

from agents.probe import learning
from agents.probe.learning import Namer, average, errors, learn, name
from coordrl import CoordNatureCNN
from tests.agents.probe.squares import squares


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_errors_are_means_over_the_frames_where_a_thing_is_seen() -> None:
    places = np.array([[1.0, 10.0], [3.0, np.nan], [5.0, 14.0]])
    named = np.array([[2.0, 10.0], [3.0, 99.0], [3.0, 10.0]])
    found = errors(named, places, known=np.array([2.0, 13.0]))
    assert found.pixels == [1.0, 2.0]
    assert found.of_average == [5 / 3, 2.0]
    assert found.spread == pytest.approx([np.std([2, 3, 3]), 0.0])
    assert found.r2 == pytest.approx([1 - 5 / 8, 1 - 16 / 8])
    assert found.skill == pytest.approx(1 - 3 / (2 + 5 / 3))


def test_who_names_the_average_of_training_has_no_skill() -> None:
    train = np.array([[1.0, np.nan], [2.0, np.nan], [6.0, np.nan]])
    assert np.array_equal(average(train), [3.0, np.nan], equal_nan=True)
    places = np.array([[4.0, 1.0], [9.0, 1.0]])
    found = errors(np.full((2, 2), 3.0), places, average(train))
    assert found.skill == 0


def test_what_is_never_seen_has_no_errors_and_what_never_moves_no_skill() -> None:
    seen = np.array([[1.0], [2.0]])
    found = errors(seen, seen * np.nan, seen[0])
    assert [*found.pixels, *found.of_average, *found.spread, *found.r2] == [None] * 4
    assert found.skill is None
    still = errors(seen, seen[:1].repeat(2, 0), seen[0])
    assert (still.skill, still.r2) == (None, [None])


def test_a_training_that_diverges_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match="pooled, seed 0: the training diverged"):
        learn("pooled", squares(32), 0, 30, learning_rate=1e30)


def test_keypoints_learn_where_a_square_is() -> None:
    train, held_out = squares(400), squares(100, seed=1)
    named = name(learn("keypoints", train, 0, 400), held_out.images)
    found = errors(named, held_out.places, average(train.places))
    assert max(found.pixels) < 6
    assert min(found.r2) > 0.8


def test_pooling_is_not_blind_where_most_windows_meet_a_border() -> None:
    """NatureCNN's windows are 36 pixels wide: at a side of 84 few places are in all their parts."""
    train, held_out = squares(400), squares(100, seed=1)
    named = name(learn("pooled", train, 0, 250), held_out.images)
    found = errors(named, held_out.places, average(train.places))
    assert min(found.r2) > 0.4


def test_the_same_seed_gives_the_same_bits_and_another_one_others() -> None:
    frames = squares(64)
    first, again, other = (learn("standard", frames, seed, 3) for seed in (0, 0, 1))
    for ours, same, others in zip(
        first.parameters(), again.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(ours, same)
        assert ours.numel() == 1 or not torch.equal(ours, others)


def test_arms_start_with_the_same_shared_parameters_as_in_a_policy() -> None:
    plain, coord = Namer("pooled", 3, seed=5), Namer("coord-pooled", 3, seed=5)
    assert torch.equal(plain.head.weight, coord.head.weight)
    theirs = coord.extractor.state_dict()
    for key, parameter in plain.extractor.state_dict().items():
        assert torch.equal(parameter, theirs[key]), key
    torch.manual_seed(5)
    extractor = CoordNatureCNN(learning.IMAGES, pool="avg")
    torch.manual_seed(5)
    torch.nn.Linear(512, 3)
    extractor.apply(partial(ActorCriticPolicy.init_weights, gain=2**0.5))
    for key, parameter in extractor.state_dict().items():
        assert torch.equal(parameter, theirs[key]), key


def test_what_is_not_seen_teaches_nothing() -> None:
    frames = squares(32)
    frames.places[:] = np.nan
    before = Namer("pooled", 2, seed=0).state_dict()
    after = learn("pooled", frames, 0, 2).state_dict()
    assert all(torch.equal(parameter, after[key]) for key, parameter in before.items())


def test_minibatches_go_through_all_frames_before_any_comes_again() -> None:
    batches = learning._batches(20, 5, np.random.default_rng(0))
    assert [len(batch) for batch in batches] == [learning.BATCH] * 5 == [8] * 5
    assert len(set(np.concatenate(batches[:2]).tolist())) == 16
    assert [len(batch) for batch in learning._batches(3, 3, np.random.default_rng(0))] == [3] * 3
