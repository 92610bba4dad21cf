"""Trainings that are cut off, for tests of resumption."""

from pathlib import Path

import pytest

from paper.training import CHECKPOINT, Training


class CutOffError(Exception):
    """Instead of a killed process."""


def cut_off(training: Training, before: int, folder: Path) -> None:
    """Train up to a step; with ``CHECKPOINT_SECONDS`` 0 there is a checkpoint of it."""
    step = training.step

    def cut(k: int) -> None:
        if k == before:
            raise CutOffError
        step(k)

    training.step = cut  # type: ignore[method-assign]
    with pytest.raises(CutOffError):
        training.train(folder)
    assert (folder / CHECKPOINT).exists()
