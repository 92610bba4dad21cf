"""TensorBoard files: each arm a run, so that its charts overlay the arms."""

from math import isfinite
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from coordrl.compare.plots import file_name
from coordrl.compare.results import ArmResult, Comparison


def save_events(comparison: Comparison, folder: Path) -> None:
    """Write ``<folder>/<arm>/events.out.tfevents.*``.

    The tags are ``<game>/<algorithm>/return``, the mean over seeds, and beside it ``lower`` and
    ``upper``, its 95 % t interval, at the timesteps of the curves' grid.
    """
    for arm in comparison.arms:
        curves = [
            (f"{group.game}/{group.algorithm}", result)
            for group in comparison.groups
            for result in group.arms
            if result.arm == arm
        ]
        if curves:
            with SummaryWriter(str(folder / file_name(arm))) as writer:
                for tag, result in curves:
                    _write_curve(writer, tag, result)


def _write_curve(writer: SummaryWriter, tag: str, arm: ArmResult) -> None:
    curve = arm.curve
    for name, values in (("return", curve.mean), ("lower", curve.lower), ("upper", curve.upper)):
        for step, value in zip(curve.timesteps.tolist(), values.tolist(), strict=True):
            if isfinite(value):
                writer.add_scalar(f"{tag}/{name}", value, step)
