"""The paper's figures, in our own plots."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter

from coordrl.compare.writing.figures.canvas import SOFT, look, save
from paper.not_so_clevr.data import PAPER_SPLITS, Dataset
from paper.not_so_clevr.recipes import MODELS, TASKS
from paper.not_so_clevr.results import Run
from paper.not_so_clevr.tasks import CLOSE_ENOUGH
from paper.results import load_arrays

_COLOURS = {"plain": "#D55E00", "coordconv": "#0072B2"}
_MARKERS = {"plain": "s", "coordconv": "o"}
_SCORES = {
    "classification": "accuracy",
    "regression": "within half a pixel",
    "rendering": "IOU",
}
# Wrong and right, of training and of test places.
_PLACES = ("#f4c7a1", "#c5dcee", "#b3390a", "#08519c")
_PLACE_NAMES = ("training, wrong", "training, right", "test, wrong", "test, right")


def draw(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Draw all figures for which there are runs, as PNG and SVG.

    :param runs: the finished trainings, at least one
    :param folder: where they are written; it exists
    """
    kinds: dict[str, Callable[[Sequence[Run]], Figure | None]] = {
        "train_and_test": _train_and_test,
        "over_time": _over_time,
        "places_classification": lambda runs: _places(runs, "classification"),
        "places_regression": lambda runs: _places(runs, "regression"),
        "places_rendering": lambda runs: _places(runs, "rendering"),
        "logits": lambda runs: _examples(runs, "classification"),
        "pictures": lambda runs: _examples(runs, "rendering"),
    }
    drawn = []
    with look():
        for name, make in kinds.items():
            figure = make([run for run in runs if run.recipe == "default"])
            if figure is not None:
                save(figure, folder / name)
                drawn.append(folder / f"{name}.png")
    return drawn


def _train_and_test(runs: Sequence[Run]) -> Figure:
    """Score on training places against score on test places, a mark a seed."""

    def panel(axes: Axes, shown: Sequence[Run]) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.6, zorder=0)
        for run in shown:
            result = run.result
            axes.plot(
                result.train[result.score],
                result.test[result.score],
                _MARKERS[result.model],
                color=_COLOURS[result.model],
                markersize=7,
                markerfacecolor="none",
                clip_on=False,
            )
        axes.set(xlim=(-0.03, 1.03), xlabel="the same on training places")

    return _panels(runs, panel)


def _over_time(runs: Sequence[Run]) -> Figure:
    """Score on test places over the seconds of training, a line a seed."""

    def panel(axes: Axes, shown: Sequence[Run]) -> None:
        for run in shown:
            history = run.result.history
            axes.plot(
                [entry["seconds"] for entry in history],
                [entry["test"] for entry in history],
                color=_COLOURS[run.result.model],
                marker=_MARKERS[run.result.model],
                markersize=2.5,
                linewidth=1,
                alpha=0.8,
            )
        axes.set(xscale="log", xlabel="seconds on one core")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())

    return _panels(runs, panel)


def _panels(runs: Sequence[Run], panel: Callable[[Axes, Sequence[Run]], None]) -> Figure:
    """Draw a panel for each task and split, with one legend."""
    tasks = [task for task in TASKS if any(run.result.task == task for run in runs)]
    figure = Figure(figsize=(0.6 + 2.5 * len(tasks), 5.4), layout="constrained")
    grid = figure.subplots(len(PAPER_SPLITS), len(tasks), squeeze=False)
    for row, split in zip(grid, PAPER_SPLITS, strict=True):
        for axes, task in zip(row, tasks, strict=True):
            axes.set_title(f"{task}, {split}")
            panel(axes, [r for r in runs if (r.result.task, r.result.split) == (task, split)])
            axes.set(ylim=(-0.03, 1.03), ylabel=f"test: {_SCORES[task]}", box_aspect=0.85)
    handles = [
        Line2D([], [], color=_COLOURS[model], marker=_MARKERS[model], label=model)
        for model in MODELS
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(MODELS))
    return figure


def _places(runs: Sequence[Run], task: str) -> Figure | None:
    """Map the canvas: which places are right, or how well each is rendered."""
    shown = _best(runs, task)
    if not shown:
        return None
    figure = Figure(figsize=(2.1 * max(len(shown), 2) + 0.4, 2.75), layout="constrained")
    image = None
    for axes, run in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        result = run.result
        dataset = Dataset(result.split, result.canvas)
        values = _place_values(run, dataset)
        if task == "rendering":
            image = _map(axes, dataset, values, cmap="viridis", vmin=0, vmax=1)
            _outline_test(axes, dataset)
        else:
            kinds = 2 * dataset.is_test.numpy() + (values == 1)
            _map(axes, dataset, kinds, cmap=ListedColormap(_PLACES), vmin=-0.5, vmax=3.5)
        axes.set_title(f"{result.model}, {result.split}")
    if image is not None:
        figure.colorbar(image, ax=figure.axes, label="IOU", shrink=0.8)
    else:
        handles = [Patch(color=c, label=n) for c, n in zip(_PLACES, _PLACE_NAMES, strict=True)]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _place_values(run: Run, dataset: Dataset) -> npt.NDArray[np.float64]:
    """Return for each place whether the answer is right, or its IOU."""
    everywhere = torch.arange(len(dataset.places))
    answers = torch.from_numpy(load_arrays(run.folder)["answers"])
    if run.result.task == "rendering":
        bits = np.unpackbits(answers.numpy(), count=len(everywhere) * dataset.canvas**2)
        painted = torch.from_numpy(bits).view(-1, dataset.canvas, dataset.canvas) > 0
        squares = dataset.squares(everywhere)[:, 0] > 0
        union = (painted | squares).sum(dim=(1, 2))
        values = (painted & squares).sum(dim=(1, 2)) / union
    elif run.result.task == "classification":
        values = answers == dataset.pixels
    else:
        values = (answers - dataset.places).norm(dim=1) < CLOSE_ENOUGH
    return np.asarray(values, dtype=np.float64)


def _map(axes: Axes, dataset: Dataset, values: npt.NDArray[Any], **look_: Any) -> Any:
    """Show a value for each place where the place is on the canvas."""
    canvas = np.full((dataset.canvas, dataset.canvas), np.nan)
    x, y = dataset.places.T.numpy()
    canvas[y, x] = values
    _bare(axes)
    return axes.imshow(canvas, interpolation="nearest", **look_)


def _outline_test(axes: Axes, dataset: Dataset) -> None:
    if dataset.split == "quadrant":
        corner = dataset.places[dataset.test].min(dim=0).values.numpy() - 0.5
        end = dataset.places[dataset.test].max(dim=0).values.numpy() + 0.5
        x, y = [corner[0], end[0]], [corner[1], end[1]]
        axes.plot([x[0], x[1], x[1], x[0], x[0]], [y[0], y[0], y[1], y[1], y[0]], "w", lw=0.8)


def _examples(runs: Sequence[Run], task: str) -> Figure | None:
    """Show what the networks make of two training and two test places of the quadrant split."""
    shown = [run for run in _best(runs, task) if run.result.split == "quadrant"]
    if not shown:
        return None
    dataset = Dataset("quadrant", shown[0].result.canvas)
    figure = Figure(figsize=(7.2, 1.95 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), len(dataset.examples), squeeze=False)
    for row, run in zip(grid, shown, strict=True):
        for k, axes in enumerate(row):
            _bare(axes)
            axes.imshow(load_arrays(run.folder)["examples"][k], cmap="viridis")
            x, y = dataset.places[dataset.examples[k]].tolist()
            axes.plot(x, y, "+", color="#ff4d00", markersize=9, markeredgewidth=0.9)
            part = "test" if dataset.is_test[dataset.examples[k]] else "training"
            axes.set_title(f"{run.result.model}: {part} ({x}, {y})")
    return figure


def _best(runs: Sequence[Run], task: str) -> list[Run]:
    """Return the best seed of each split and model: the plain network's most able one."""
    best = []
    for split in PAPER_SPLITS:
        for model in MODELS:
            candidates = [
                run
                for run in runs
                if (run.result.task, run.result.split, run.result.model) == (task, split, model)
            ]
            if candidates:
                best.append(max(candidates, key=lambda run: run.result.test[run.result.score]))
    return best


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
