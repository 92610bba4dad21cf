"""Accuracies, a mark a seed."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from coordrl.compare.writing.figures.canvas import look, save
from paper.imagenet.networks import ARMS
from paper.imagenet.summary import TABLE
from paper.study import Run

_COLOURS = {"plain": "#777777", "conv8": "#D55E00", "coordconv8": "#0072B2"}


def draw(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Draw all figures, as PNG and SVG.

    :param runs: the finished trainings, at least one
    :param folder: where they are written; it exists
    """
    with look():
        save(_seeds(runs), folder / "seeds")
    return [folder / "seeds.png"]


def _seeds(runs: Sequence[Run]) -> Figure:
    groups = TABLE.groups(runs)
    places = list(dict.fromkeys(arm[0] for arm in groups))
    figure = Figure(figsize=(3.2 * len(places), 2.8), layout="constrained")
    panels = figure.subplots(1, len(places), squeeze=False)[0]
    for axes, place in zip(panels, places, strict=True):
        for x, arm in enumerate(ARMS):
            values = TABLE.scores(runs, place=place, arm=arm)
            marks = {"color": _COLOURS[arm], "markerfacecolor": "none"}
            axes.plot([x] * len(values), values, "o", markersize=5, **marks)
        axes.set(title=place, ylabel="accuracy on test images", xlim=(-0.5, len(ARMS) - 0.5))
        axes.set(xticks=range(len(ARMS)), xticklabels=ARMS)
    return figure
