import pytest
import torch

from coordrl import coordinate_grid


def test_rows_and_columns_run_from_minus_one_to_one_on_a_non_square_image() -> None:
    i, j = coordinate_grid((5, 3))
    assert i[:, 0].tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert j[0].tolist() == [-1.0, 0.0, 1.0]
    assert (i == i[:, :1]).all()
    assert (j == j[:1]).all()


def test_radius_is_zero_at_the_centre_and_sqrt_2_in_the_corners() -> None:
    r = coordinate_grid((5, 3), with_r=True, dtype=torch.float64)[2]
    assert r[2, 1] == 0
    corners = r[[0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(corners, torch.full((4,), 2**0.5, dtype=torch.float64))


@pytest.mark.parametrize("size", [(1,), (1, 7), (7, 1), (1, 1), (1, 1, 1)])
def test_an_axis_of_length_one_is_at_its_centre(size: tuple[int, ...]) -> None:
    grid = coordinate_grid(size, with_r=True)
    assert torch.isfinite(grid).all()
    for axis, length in enumerate(size):
        if length == 1:
            assert (grid[axis] == 0).all()


@pytest.mark.parametrize("size", [(4,), (4, 5), (4, 5, 6)])
def test_one_channel_an_axis_and_one_for_the_radius(size: tuple[int, ...]) -> None:
    assert coordinate_grid(size).shape == (len(size), *size)
    assert coordinate_grid(size, with_r=True).shape == (len(size) + 1, *size)


def test_half_precision_is_rounded_once() -> None:
    exact = coordinate_grid((1000, 3), with_r=True, dtype=torch.float32)
    rounded = coordinate_grid((1000, 3), with_r=True, dtype=torch.bfloat16)
    assert rounded.dtype == torch.bfloat16
    assert torch.equal(rounded, exact.bfloat16())
