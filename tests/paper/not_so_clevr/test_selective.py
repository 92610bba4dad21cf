import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from paper.not_so_clevr.data import Dataset
from paper.not_so_clevr.networks import CoordPainter, initialise
from paper.not_so_clevr.selective import paint


def gradients(painter: CoordPainter, logits: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    loss = F.cross_entropy(logits.flatten(1), pixels)
    found = torch.autograd.grad(loss, list(painter.parameters()))
    return torch.cat([gradient.flatten() for gradient in found])


@pytest.fixture
def painter() -> CoordPainter:
    torch.manual_seed(0)
    painter = CoordPainter(32)
    initialise(painter)
    return painter


@pytest.mark.parametrize("sharpness", [1.0, 30.0])
def test_gradients_are_those_of_all_pixels(painter: CoordPainter, sharpness: float) -> None:
    """However many pixels matter: all at first, few once the softmax is sharp."""
    dataset = Dataset(canvas=32)
    inputs, pixels = dataset.inputs[:8], dataset.pixels[:8]
    with torch.no_grad():
        painter.rest[-1].weight.mul_(sharpness)
        probable = (painter(inputs).flatten(1).softmax(dim=1) > 1e-6).double().mean()
    assert (probable > 0.5) == (sharpness == 1)
    torch.testing.assert_close(paint(painter, inputs), painter(inputs))
    exact = gradients(painter, painter(inputs), pixels)
    found = gradients(painter, paint(painter, inputs), pixels)
    assert (found - exact).norm() <= 1e-3 * exact.norm()


def test_a_gradient_of_nothing_is_nothing(painter: CoordPainter) -> None:
    logits = paint(painter, torch.zeros(2, 2))
    (logits * 0).sum().backward()
    assert all(weight.grad is not None and not weight.grad.any() for weight in painter.parameters())
