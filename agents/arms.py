"""List the arms of a comparison: ``python -m agents.arms``."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from torch.utils.flop_counter import FlopCounterMode

from agents.run.arm import Arm, find_arm, load_arms
from common.command_line import ArgumentParser, run_command

LADDER: Mapping[str, Sequence[str]] = {
    "nothing": ("impala-circular",),
    "the borders: near them fewer windows see a thing": ("pooled", "constant-pooled"),
    "the borders, which padding with zeros shows": ("impoola", "constant-impoola"),
    "a random code": ("fixed-code-pooled", "fixed-code-impoola"),
    "sinusoids": ("fourier-pooled",),
    "a learned map": ("learned-pooled",),
    "coordinates": ("coord-last-pooled", "coord-pooled", "coord-impoola"),
    "positions as features": ("keypoints",),
    "flattening: the dense layer has weights for every place": (
        *("standard", "constant", "separate", "impala", "hadamax"),
    ),
    "flattening, and what the arm's name says": (
        *("fixed-code", "fourier", "learned", "coord-last", "coord-first", "coord"),
        *("coord-radius", "coord-zero", "coord-actor", "coord-impala", "coord-hadamax"),
    ),
}
"""What tells an arm where things are, from nothing on, and the arms it tells."""


class Size(NamedTuple):
    """What an arm's policy comes to, for 84x84 images in stacks of 4, and 6 actions.

    :param parameters: Number of parameters
    :param operations: Multiplications that an image takes, in convolutions and dense layers,
        without gradients and with coordinate maps that are kept
    """

    parameters: int
    operations: int


def measure(arm: Arm) -> Size:
    """Count an arm's parameters and operations.

    :raises UsageError: If its classes cannot be imported, or refuse their arguments
    """
    policy_class, extractor_class = arm.policy_class(), arm.extractor_class()
    with arm.refusals():
        policy = policy_class(
            spaces.Box(0, 255, (4, 84, 84), np.uint8),
            spaces.Discrete(6),
            lambda _: 0.0,
            net_arch=[],
            ortho_init=False,  # which takes long, and changes no number of parameters
            features_extractor_class=extractor_class,
            features_extractor_kwargs=arm.features_extractor_kwargs,
        )
        image = torch.zeros(1, 4, 84, 84)
        with torch.no_grad():
            policy(image)  # makes coordinate maps, once for many images
            with FlopCounterMode(display=False) as counter:
                policy(image)
    parameters = sum(parameter.numel() for parameter in policy.parameters())
    return Size(parameters, counter.get_total_flops() // 2)


def count_parameters(arm: Arm) -> int:
    """Count the parameters of an arm's policy, as :func:`measure`."""
    return measure(arm).parameters


def main(argv: Sequence[str] | None = None) -> int:
    """List arms: their parameters, how many more than their control's, and what they are.

    :param argv: Arguments, those of the process if None
    """
    parser = ArgumentParser(prog="python -m agents.arms", description="List arms.")
    parser.add_argument("names", nargs="*", metavar="ARM", help="arms to list instead of all")
    arms = [find_arm(name) for name in parser.parse_args(argv).names]
    size = cache(lambda name: measure(find_arm(name)))
    print("Parameters of the policy for 84x84x4 frames and 6 actions; extra: beyond the control's")
    print("cost: million multiplications a frame, without gradients")
    print(f"{'arm':<18} {'parameters':>10} {'extra':>7} {'cost':>5}  {'control':<8} description")
    if arms:
        for arm in arms:
            print(_row(arm, size))
        return 0
    for what, names in LADDER.items():
        print(f"What tells positions: {what}")
        for name in names:
            print(_row(load_arms()[name], size))
    return 0


def _row(arm: Arm, size: Callable[[str], Size]) -> str:
    parameters, operations = size(arm.name)
    extra = f"{parameters - size(arm.control).parameters:,}" if arm.control else "-"
    columns = f"{arm.name:<18} {parameters:>10,} {extra:>7} {operations / 1e6:>5.0f}"
    text = f"{columns}  {arm.control or '-':<8} {arm.description}"
    return f"{text} {arm.hyperparams}" if arm.hyperparams else text


if __name__ == "__main__":
    sys.exit(run_command(main, None))
