"""Accuracies, a mark a seed."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from coordrl.compare.writing.figures.canvas import look, save
from paper.imagenet.summary import CONTROL, COORDCONV, MARGIN, TABLE
from paper.study import Run

_COLOURS = {CONTROL: "#D55E00", COORDCONV: "#0072B2"}


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
    panels = figure.subplots(1, len(places), squeeze=False, sharey=True)[0]
    for axes, place in zip(panels, places, strict=True):
        scores = {arm: TABLE.scores(runs, place=place, arm=arm) for arm in _COLOURS}
        if control := scores[CONTROL]:
            mean = sum(control) / len(control)
            axes.axhspan(mean - MARGIN, mean + MARGIN, color="#eeeeee", linewidth=0)
        for x, (arm, values) in enumerate(scores.items()):
            marks = {"color": _COLOURS[arm], "markerfacecolor": "none"}
            axes.plot([x] * len(values), values, "o", markersize=5, **marks)
        axes.set(title=place, xlim=(-0.5, len(scores) - 0.5))
        axes.set(xticks=range(len(scores)), xticklabels=list(scores))
    panels[0].set_ylabel("accuracy on test images")
    return figure
