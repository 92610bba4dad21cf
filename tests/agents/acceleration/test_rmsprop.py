from typing import Any

import pytest
import torch
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from torch import nn

from agents.acceleration.rmsprop import BLOCK, BlockedRMSpropTFLike

SETTINGS = {"lr": 7e-4, "alpha": 0.99, "eps": 1e-5}


def trained(kind: type[RMSpropTFLike], layout: torch.memory_format, **settings: Any) -> nn.Module:
    """Take steps of a random gradient, and go on from a saved state."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    model = nn.ModuleList([nn.Linear(BLOCK // 100, 301), nn.Conv2d(3, 4, 5), nn.Linear(2, 2)])
    model.to(memory_format=layout)  # type: ignore[call-overload]  # torch's stubs want more
    optimizer = kind(model.parameters(), **SETTINGS, **settings)
    for step in range(5):
        for parameter in model[:2].parameters():  # the last layer has no gradient
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
        if step == 2:
            state = optimizer.state_dict()
            optimizer = kind(model.parameters(), **SETTINGS, **settings)
            optimizer.load_state_dict(state)
    return model


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    "settings", [{}, {"momentum": 0.9}, {"centered": True}, {"weight_decay": 0.1}]
)
def test_it_gives_the_bits_of_sb3s(settings: dict[str, Any], layout: torch.memory_format) -> None:
    ours = trained(BlockedRMSpropTFLike, layout, **settings).parameters()
    theirs = trained(RMSpropTFLike, layout, **settings).parameters()
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.equal(mine, other)
