"""List the arms of a comparison: ``python -m agents.arms``."""

import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
from gymnasium import spaces

from agents.run.arm import Arm, find_arm, load_arms
from common.command_line import ArgumentParser, run_command


def count_parameters(arm: Arm) -> int:
    """Count the parameters of an arm's policy for 84x84 images in stacks of 4, and 6 actions.

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
    return sum(parameter.numel() for parameter in policy.parameters())


def main(argv: Sequence[str] | None = None) -> int:
    """List arms: their parameters, how many more than their control's, and what they are.

    :param argv: Arguments, those of the process if None
    """
    parser = ArgumentParser(prog="python -m agents.arms", description="List arms.")
    parser.add_argument("names", nargs="*", metavar="ARM", help="arms to list instead of all")
    arms = [find_arm(name) for name in parser.parse_args(argv).names] or load_arms().values()
    count = cache(lambda name: count_parameters(find_arm(name)))
    print("Parameters of the policy for 84x84x4 frames and 6 actions; extra: beyond the control's")
    print(f"{'arm':<18} {'parameters':>10} {'extra':>7}  {'control':<9} description")
    for arm in arms:
        extra = f"{count(arm.name) - count(arm.control):,}" if arm.control else "-"
        columns = f"{arm.name:<18} {count(arm.name):>10,} {extra:>7}  {arm.control or '-':<9}"
        print(columns, arm.description, arm.hyperparams or "")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main, None))
