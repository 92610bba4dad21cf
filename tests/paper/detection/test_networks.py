import pytest
import torch

from coordrl import AddCoords, CoordConv2d
from paper.detection.networks import ProposalNetwork


@pytest.mark.parametrize(
    ("model", "width", "parameters"),
    [
        ("plain", 32, 81_590),
        ("coordconv", 32, 83_838),
        ("plain", 12, 25_510),
        ("coordconv", 12, 26_758),
    ],
)
def test_networks_have_the_papers_parameters(model: str, width: int, parameters: int) -> None:
    network = ProposalNetwork(model, width)
    assert sum(weight.numel() for weight in network.parameters()) == parameters
    moves, logits = network(torch.rand(2, 1, 64, 64))
    assert moves.shape == (2, 1521, 4)
    assert logits.shape == (2, 1521, 2)
    assert not moves.any()


def test_outputs_belong_to_their_cell_and_shape() -> None:
    torch.manual_seed(0)
    network = ProposalNetwork("coordconv", 4)
    torch.nn.init.normal_(network.mover[2].weight)
    images = torch.rand(1, 1, 64, 64)
    moves, logits = network(images)
    features = network.features(images)
    of_cell = network.mover(features)[0, :, 3, 5].view(9, 4)
    torch.testing.assert_close(moves[0].view(13, 13, 9, 4)[3, 5], of_cell)
    of_cell = network.scorer(features)[0, :, 3, 5].view(9, 2)
    torch.testing.assert_close(logits[0].view(13, 13, 9, 2)[3, 5], of_cell)


def test_coordinates_are_where_the_released_code_has_them() -> None:
    """In the first convolution, the third and the mover's last, as channels of their inputs."""
    torch.manual_seed(0)
    network = ProposalNetwork("coordconv", 4)
    coords = [name for name, layer in network.named_modules() if isinstance(layer, CoordConv2d)]
    assert coords == ["features.0", "features.6", "mover.2"]
    third = network.features[6]
    images = torch.rand(2, 8, 13, 13)
    torch.testing.assert_close(third(images), third.to_concatenated()(AddCoords()(images)))


def test_both_networks_of_a_seed_begin_alike() -> None:
    networks = []
    for model in ("plain", "coordconv"):
        torch.manual_seed(5)
        networks.append(ProposalNetwork(model, 12))
    plain, coordconv = networks
    assert torch.equal(plain.scorer.weight, coordconv.scorer.weight)
    first = coordconv.features[0].weight
    torch.testing.assert_close(first * (3 / 1) ** 0.5, plain.features[0].weight)
    torch.testing.assert_close(
        coordconv.features[6].coord_weight.std().item(), (2 / (26 * 9)) ** 0.5, rtol=0.1, atol=0
    )
