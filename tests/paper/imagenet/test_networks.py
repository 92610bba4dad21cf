import pytest
import torch

from coordrl import CoordConv2d
from paper.imagenet.networks import resnet50, small_resnet


@pytest.mark.parametrize(
    ("arm", "parameters"),
    # torchvision's ResNet-50; 32 in front and 15,680 more in the first layer; 24 of coordinates.
    [("plain", 25_557_032), ("conv8", 25_572_744), ("coordconv8", 25_572_768)],
)
def test_resnet50_has_its_parameters(arm: str, parameters: int) -> None:
    with torch.device("meta"):
        network = resnet50(arm)
    assert sum(weight.numel() for weight in network.parameters()) == parameters


def test_pictures_of_any_size_are_classified() -> None:
    network = small_resnet("coordconv8").eval()
    assert network(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    assert network(torch.rand(2, 1, 40, 40)).shape == (2, 10)
    assert resnet50("conv8", 3).eval()(torch.rand(1, 3, 32, 32)).shape == (1, 3)


def test_coordinates_are_all_that_tells_the_arms_apart() -> None:
    networks = []
    for arm in ("conv8", "coordconv8"):
        torch.manual_seed(3)
        networks.append(small_resnet(arm).eval())
    control, coordconv = networks
    front = coordconv[0]
    assert isinstance(front, CoordConv2d)
    assert front.n_coords == 3
    images = torch.rand(2, 1, 28, 28)
    assert not torch.equal(control(images), coordconv(images))
    torch.nn.init.zeros_(front.coord_weight)
    assert torch.equal(control(images), coordconv(images))
