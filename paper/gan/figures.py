"""Generated pictures, scores, and traversals as an animated picture."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from PIL import Image

from coordrl.compare.writing.figures.canvas import look, save
from paper.gan.data import draw_shapes
from paper.gan.summary import TABLE
from paper.results import load_arrays
from paper.study import Run

_COLOURS = {"plain": "#D55E00", "coord-g": "#009E73", "coord-gd": "#0072B2"}
_SHOWN = ("red", "blue", "difference", "valid_spread")
_COLUMNS = 12
_SCALE, _GAP = 3, 4

Picture = npt.NDArray[np.uint8]


def draw(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Draw all figures, as PNG and SVG, and the traversals as an animated WebP.

    :param runs: the finished trainings, at least one
    :param folder: where they are written; it exists
    """
    kinds: dict[str, Callable[[Sequence[Run]], Figure]] = {
        "pictures": _pictures,
        "entropies": _entropies,
        "over_time": _over_time,
    }
    drawn = []
    with look():
        for name, make in kinds.items():
            save(make(runs), folder / name)
            drawn.append(folder / f"{name}.png")
    return [*drawn, _traversals(runs, folder / "traversals.webp")]


def _pictures(runs: Sequence[Run]) -> Figure:
    """Show the first pictures of each arm's first seed, and the data above them."""
    groups = TABLE.groups(runs)
    canvas = runs[0].result.setting["canvas"]
    data = draw_shapes(canvas, _COLUMNS).paint(torch.arange(_COLUMNS)).movedim(1, -1)
    rows = {"the data": ((data + 1) / 2).numpy()}
    for arm, some in groups.items():
        rows[f"{arm[2]}, {arm[1]} recipe"] = load_arrays(some[0].folder)["pictures"]
    figure = Figure(figsize=(0.66 * _COLUMNS, 0.86 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), _COLUMNS, squeeze=False)
    for row, (name, pictures) in zip(grid, rows.items(), strict=True):
        row[0].set_title(name, loc="left")
        for axes, picture in zip(row, pictures, strict=False):
            axes.imshow(picture)
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
    return figure


def _entropies(runs: Sequence[Run]) -> Figure:
    groups = TABLE.groups(runs)
    recipes = list(dict.fromkeys(arm[1] for arm in groups))
    figure = Figure(figsize=(3.7 * len(recipes), 3.0), layout="constrained")
    panels = figure.subplots(1, len(recipes), sharey=True, squeeze=False)[0]
    for axes, recipe in zip(panels, recipes, strict=True):
        some = {arm[2]: found for arm, found in groups.items() if arm[1] == recipe}
        for shift, (arm, found) in enumerate(some.items()):
            for place, name in enumerate(_SHOWN):
                values = [run.result.scores[name] for run in found]
                axes.plot(
                    [place + 0.2 * (shift - (len(some) - 1) / 2)] * len(values),
                    values,
                    "o",
                    color=_COLOURS[arm],
                    markersize=4,
                    markerfacecolor="none",
                    label=arm if place == 0 else None,
                )
        axes.set(title=f"{recipe} recipe", ylim=(-0.1, 4.3), ylabel="entropy in nats")
        axes.set(xticks=range(len(_SHOWN)), xticklabels=[n.replace("_", "\n") for n in _SHOWN])
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels))
    return figure


def _over_time(runs: Sequence[Run]) -> Figure:
    recipes = list(dict.fromkeys(arm[1] for arm in TABLE.groups(runs)))
    figure = Figure(figsize=(3.7 * len(recipes), 4.6), layout="constrained")
    grid = figure.subplots(2, len(recipes), squeeze=False, sharey="row")
    for column, recipe in zip(grid.T, recipes, strict=True):
        for axes, name in zip(column, ("spread", "valid"), strict=True):
            for run in runs:
                if run.result.setting["recipe"] == recipe:
                    axes.plot(
                        [entry["iteration"] for entry in run.result.history],
                        [entry[name] for entry in run.result.history],
                        color=_COLOURS[run.result.setting["arm"]],
                        linewidth=1,
                    )
            axes.set(title=f"{recipe} recipe", ylabel=name, xlabel="iterations")
    return figure


def _traversals(runs: Sequence[Run], path: Path) -> Path:
    """Write what is seen between pairs of random numbers: a row an arm."""
    kept = [load_arrays(some[0].folder)["traversals"] for some in TABLE.groups(runs).values()]
    n_frames = kept[0].shape[1]
    # With fewer colours the file has two fifths of the size.
    frames = [
        Image.fromarray(_sheet([[way[frame] for way in ways] for ways in kept]))
        .quantize(64, dither=Image.Dither.NONE)
        .convert("RGB")
        for frame in (*range(n_frames), *reversed(range(n_frames)))
    ]
    more = frames[1:]
    frames[0].save(path, save_all=True, append_images=more, duration=80, loop=0, lossless=True)
    return path


def _sheet(rows: Sequence[Sequence[Picture]]) -> Picture:
    """Put pictures, enlarged, in rows on a grey sheet."""
    size = rows[0][0].shape[0] * _SCALE + _GAP
    shape = (size * len(rows) + _GAP, size * len(rows[0]) + _GAP, 3)
    sheet = np.full(shape, 128, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = i * size + _GAP, j * size + _GAP
            large = picture.repeat(_SCALE, axis=0).repeat(_SCALE, axis=1)
            sheet[top : top + size - _GAP, left : left + size - _GAP] = large
    return sheet
