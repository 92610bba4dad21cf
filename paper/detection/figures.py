"""Pictures of anchors, proposals, and scores."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from coordrl.compare.writing.figures.canvas import look, save
from paper.detection.boxes import ANCHORS, N_CELLS, SHAPES, make_anchors, overlap
from paper.detection.data import CANVAS
from paper.detection.measures import FOUND
from paper.detection.summary import MEASURES, TABLE
from paper.results import load_arrays
from paper.study import Run

_COLOURS = {"plain": "#D55E00", "coordconv": "#0072B2"}
_RIGHT, _WRONG = "#39a9ff", "#ff5a3c"
_CANVASES = 6
_CELL = (3, 9)
"""Row and column of the cell whose anchors are shown."""


def draw(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Draw all figures, as PNG and SVG.

    :param runs: the finished trainings, at least one
    :param folder: where they are written; it exists
    """
    groups = TABLE.groups(runs).values()
    most = max(map(len, groups))
    main = [run for some in groups if len(some) == most for run in some]
    kinds: dict[str, Callable[[], Figure]] = {
        "anchors": _anchors,
        "seeds": lambda: _seeds(main),
        "over_time": lambda: _over_time(main),
        "proposals": lambda: _proposals(main),
    }
    drawn = []
    with look():
        for name, make in kinds.items():
            save(make(), folder / name)
            drawn.append(folder / f"{name}.png")
    return drawn


def _anchors() -> Figure:
    figure = Figure(figsize=(5.4, 3.0), layout="constrained")
    row, column = _CELL
    first = (row * N_CELLS + column) * len(SHAPES)
    centre = make_anchors("intended")[first, :2].tolist()
    for axes, kind in zip(figure.subplots(1, 2), ANCHORS, strict=True):
        for box in make_anchors(kind)[first : first + len(SHAPES)]:
            _rectangle(axes, box, _COLOURS["coordconv"], 1.2)
        axes.plot(centre[1], centre[0], "+", color="#b3390a", markersize=10)
        axes.add_patch(Rectangle((0, 0), CANVAS, CANVAS, fill=False, linewidth=0.8))
        axes.set(xlim=(-6, 86), ylim=(86, -6), aspect="equal", title=kind, xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    return figure


def _seeds(runs: Sequence[Run]) -> Figure:
    figure = Figure(figsize=(7.6, 3.2), layout="constrained")
    for axes, anchors in zip(figure.subplots(1, 2, sharey=True), ANCHORS, strict=True):
        for shift, (model, colour) in zip((-0.13, 0.13), _COLOURS.items(), strict=True):
            some = [run for run in runs if TABLE.arm(run)[2:] == (anchors, model)]
            for place, name in enumerate(MEASURES):
                values = [run.result.scores[name] for run in some]
                axes.plot(
                    [place + shift] * len(values),
                    values,
                    "o",
                    color=colour,
                    markersize=4,
                    markerfacecolor="none",
                    label=model if place == 0 else None,
                )
        axes.set(title=f"{anchors} anchors", xticks=range(len(MEASURES)), ylim=(0, 1))
        axes.set_xticklabels(MEASURES)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _over_time(runs: Sequence[Run]) -> Figure:
    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    for axes, anchors in zip(figure.subplots(1, 2, sharey=True), ANCHORS, strict=True):
        for run in runs:
            if run.result.setting["anchors"] == anchors:
                history = run.result.history
                axes.plot(
                    [entry["epoch"] for entry in history],
                    [entry["select"] for entry in history],
                    color=_COLOURS[run.result.setting["model"]],
                    marker="o",
                    markersize=2.5,
                    linewidth=1,
                    alpha=0.8,
                )
        axes.set(title=f"{anchors} anchors", xlabel="epoch", ylabel="select", ylim=(0, 1))
    return figure


def _proposals(runs: Sequence[Run]) -> Figure:
    shown = {arm: some[0] for arm, some in TABLE.groups(runs).items()}
    figure = Figure(figsize=(1.45 * _CANVASES, 1.6 * len(shown) + 0.2), layout="constrained")
    grid = figure.subplots(len(shown), _CANVASES, squeeze=False)
    for row, (arm, run) in zip(grid, shown.items(), strict=True):
        arrays = load_arrays(run.folder)
        boxes, truths = (torch.from_numpy(arrays[name]) for name in ("boxes", "truths"))
        right = overlap(boxes, truths).amax(dim=2) > FOUND
        row[0].set_title(f"{arm[3]}, {arm[2]} anchors", loc="left")
        for k, axes in enumerate(row):
            if k < len(boxes):
                axes.imshow(arrays["images"][k], cmap="gray", vmin=0, vmax=255)
                for truth in truths[k]:
                    _rectangle(axes, truth, "white", 0.6, "--")
                for box, is_right, sure in zip(
                    boxes[k], right[k], arrays["scores"][k], strict=True
                ):
                    colour = _RIGHT if is_right else _WRONG
                    _rectangle(axes, box, colour, 0.3 + 1.2 * max(float(sure), 0.0))
            axes.set(xlim=(-4, CANVAS + 4), ylim=(CANVAS + 4, -4), xticks=[], yticks=[])
            axes.set_facecolor("black")
            axes.grid(visible=False)
    return figure


def _rectangle(
    axes: Axes, box: torch.Tensor, colour: str, linewidth: float, style: str = "-"
) -> None:
    row, column, height, width = box.tolist()
    corner = (column - width / 2, row - height / 2)
    axes.add_patch(
        Rectangle(
            corner,
            width,
            height,
            fill=False,
            edgecolor=colour,
            linewidth=linewidth,
            linestyle=style,
        )
    )
