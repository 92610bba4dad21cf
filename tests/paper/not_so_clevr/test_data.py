import pytest
import torch

from paper.not_so_clevr.data import Dataset


@pytest.mark.parametrize(
    ("split", "train", "test"),
    # The first and the last are the sizes of the paper's released data sets.
    [("uniform", 2368, 768), ("uniform-80-20", 2509, 627), ("quadrant", 2407, 729)],
)
def test_the_splits_have_the_papers_sizes(split: str, train: int, test: int) -> None:
    dataset = Dataset(split)
    assert (len(dataset.train), len(dataset.test)) == (train, test)
    assert sorted([*dataset.train.tolist(), *dataset.test.tolist()]) == list(range(3136))


def test_the_quadrant_has_each_coordinate_of_its_test_places_in_training() -> None:
    dataset = Dataset("quadrant")
    test, train = dataset.places[dataset.test], dataset.places[dataset.train]
    assert test.min() == 33
    assert not (train >= 33).all(dim=1).any()
    for axis in (0, 1):
        assert set(test[:, axis].tolist()) <= set(train[:, axis].tolist())


def test_squares_stand_around_their_centres_within_the_canvas() -> None:
    dataset = Dataset()
    everywhere = torch.arange(len(dataset.places))
    squares = dataset.squares(everywhere)
    assert squares.shape == (3136, 1, 64, 64)
    assert (squares.sum(dim=(1, 2, 3)) == 81).all()
    pixels = torch.arange(64.0)
    columns, rows = squares[:, 0].sum(dim=1) @ pixels / 81, squares[:, 0].sum(dim=2) @ pixels / 81
    torch.testing.assert_close(torch.stack([columns, rows], dim=1), dataset.places.float())


def test_one_hot_pictures_hold_the_centre_alone() -> None:
    dataset = Dataset(canvas=32)
    index = torch.tensor([5, 100])
    pictures = dataset.one_hot(index)
    assert pictures.sum() == 2
    for picture, (x, y) in zip(pictures, dataset.places[index].tolist(), strict=True):
        assert picture[0, y, x] == 1
    assert (pictures.flatten(1).argmax(dim=1) == dataset.pixels[index]).all()


def test_inputs_are_the_coordinates_of_the_pixel() -> None:
    dataset = Dataset()
    channel = torch.linspace(-1, 1, 64)
    torch.testing.assert_close(dataset.inputs, channel[dataset.places])


def test_examples_are_of_both_parts() -> None:
    dataset = Dataset("quadrant")
    assert dataset.is_test[dataset.examples].tolist() == [False, False, True, True]


def test_unknown_splits_and_canvases_are_told() -> None:
    with pytest.raises(ValueError, match="uniform, uniform-80-20, quadrant, not 'quadrants'"):
        Dataset("quadrants")
    with pytest.raises(ValueError, match="32 or 64 pixels, not 48"):
        Dataset(canvas=48)
