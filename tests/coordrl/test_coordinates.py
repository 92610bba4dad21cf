from typing import Any

import numpy as np
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


@pytest.mark.parametrize("with_r", [False, True])
@pytest.mark.parametrize("size", [(84,), (84, 60), (20, 21, 22)])
@pytest.mark.parametrize("code", ["constant", "random_0"])
def test_controls_have_the_channels_and_the_scale_of_coordinates(
    code: str, size: tuple[int, ...], with_r: bool
) -> None:
    coordinates = coordinate_grid(size, with_r=with_r)
    control = coordinate_grid(size, with_r=with_r, code=code)
    assert (control.shape, control.dtype) == (coordinates.shape, coordinates.dtype)
    assert control.abs().max() <= 1
    for channel, axis in zip(control, coordinates[: len(size)], strict=False):
        assert channel.square().mean().item() == pytest.approx(axis.square().mean().item(), rel=0.2)


def test_a_constant_is_the_same_everywhere() -> None:
    assert coordinate_grid((5, 7), with_r=True, code="constant").unique().numel() == 1


def test_random_maps_are_those_of_their_seed_and_leave_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    first, again = (coordinate_grid((9, 7), with_r=True, code="random_5") for _ in range(2))
    assert torch.equal(first, again)
    assert first.unique().numel() == first.numel()
    assert not torch.equal(first, coordinate_grid((9, 7), with_r=True, code="random_6"))
    assert torch.equal(state, torch.get_rng_state())


def test_random_maps_are_the_same_for_ever() -> None:
    """They are part of what trained networks compute, and saved with none of them."""
    maps = coordinate_grid((2, 2), code="random_0", dtype=torch.float64)
    numbers = ((maps + 1) * 2**31).flatten().tolist()
    assert numbers[:4] == [3072947879, 1589916289, 2571217348, 2695998509]
    assert numbers[4:] == [3919288568, 1838746771, 2308162567, 1555595929]


@pytest.mark.parametrize("with_r", [False, True])
def test_fourier_channels_are_the_real_and_imaginary_parts_of_powers_of_one_wave(
    with_r: bool,
) -> None:
    """The coordinate c is at the angle pi c / 2; each band doubles the angle, so squares."""
    coordinates = coordinate_grid((5, 8), with_r=with_r, dtype=torch.float64).numpy()
    expected = []
    for coordinate in coordinates:
        wave = np.exp(0.5j * np.pi * coordinate)
        for _ in range(3):
            expected += [wave.imag, wave.real]
            wave = wave * wave
    grid = coordinate_grid((5, 8), with_r=with_r, code="fourier_3", dtype=torch.float64)
    np.testing.assert_allclose(grid.numpy(), np.sqrt(2 / 3) * np.array(expected), atol=1e-12)


def test_fourier_channels_tell_the_borders_apart_and_have_the_scale_of_coordinates() -> None:
    grid = coordinate_grid((84, 60), code="fourier_4")
    assert grid.shape == (16, 84, 60)
    assert (grid[:, 0, 0] - grid[:, -1, 0]).abs().max() > 1
    assert (grid[0, 1:] > grid[0, :-1]).all()
    for channel in grid:
        assert channel.square().mean().item() == pytest.approx(1 / 3, rel=0.05)


@pytest.mark.parametrize("size", [(1, 7), (1, 1)])
def test_fourier_channels_of_an_axis_of_length_one_are_those_of_its_centre(
    size: tuple[int, ...],
) -> None:
    sine, cosine = coordinate_grid(size, code="fourier_1")[:2]
    assert (sine == 0).all()
    torch.testing.assert_close(cosine, torch.full(size, (2 / 3) ** 0.5))


def test_a_learned_map_is_no_grid() -> None:
    with pytest.raises(ValueError, match="which has no coordinate channels"):
        coordinate_grid((3, 3), code="learned")


def test_random_maps_have_no_geometry() -> None:
    i, j = coordinate_grid((84, 84), code="random_0")
    neighbours = [(i[1:], i[:-1]), (i[:, 1:], i[:, :-1]), (j[1:], j[:-1]), (j[:, 1:], j[:, :-1])]
    rows, columns = coordinate_grid((84, 84))
    for a, b in [*neighbours, (i, j), (i, i.t()), (i, i.flip(0)), (i, rows), (j, columns)]:
        correlation = torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]
        assert abs(correlation) < 5 / 84


@pytest.mark.parametrize(
    "code",
    [
        *(
            "",
            "ij",
            "random",
            "random_",
            "random_-1",
            "random_x",
            "random_1000000000",
            "random_1_2",
        ),
        *(0, "fourier", "fourier_0", "fourier_13", "fourier_x", "learned_3"),
    ],
)
def test_an_unknown_code_names_the_valid_ones(code: Any) -> None:
    message = r"is unknown: use coordinates, constant, random_SEED .*fourier_BANDS .* or learned"
    with pytest.raises(ValueError, match=message):
        coordinate_grid((3, 3), code=code)
