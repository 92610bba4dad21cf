"""Figures for papers and README files: PNG and SVG (matplotlib)."""

import re
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coordrl.compare.results import ArmResult, Comparison, Group
from coordrl.compare.style import Style, return_range, styles

_RC: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "legend.frameon": False,
    # Without a salt, SVG files get random identifiers.
    "svg.hashsalt": "coordrl",
}
_COLUMNS = 4


def file_name(text: str) -> str:
    """Return a name as part of a file name: other signs than letters, digits, . and - go."""
    return re.sub(r"[^\w.-]+", "-", text)


def save_plots(comparison: Comparison, folder: Path) -> None:
    """Write ``curves_<game>_<algorithm>`` and ``scores``, each as PNG and SVG."""
    looks = styles(comparison.arms)
    with rc_context(_RC):
        for group in comparison.groups:
            stem = f"curves_{file_name(group.game)}_{file_name(group.algorithm)}"
            _save(_curves(group, looks), folder / stem)
        _save(_scores(comparison, looks), folder / "scores")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path.with_name(path.name + ".png"), dpi=150, metadata={"Software": None})
    figure.savefig(path.with_name(path.name + ".svg"), metadata={"Date": None})


def _curves(group: Group, looks: dict[str, Style]) -> Figure:
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for arm in group.arms:
        _draw_curve(axes, arm, looks[arm.arm])
    _draw_random(axes, group)
    axes.set(title=group.title, xlabel="timesteps", ylabel="return of a whole game")
    axes.set_xlim(0, group.n_timesteps * 1.01)
    axes.set_ylim(return_range(group))
    axes.legend()
    return figure


def _draw_curve(axes: Axes, arm: ArmResult, look: Style) -> None:
    curve = arm.curve
    x = curve.timesteps
    label = f"{arm.arm} ({len(arm.seeds)} {'seed' if len(arm.seeds) == 1 else 'seeds'})"
    if len(curve.seeds) > 1:
        axes.plot(x, curve.seeds.T, color=look.colour, alpha=0.3, linewidth=0.6)
        axes.fill_between(x, curve.lower, curve.upper, color=look.colour, alpha=0.12, linewidth=0)
    axes.plot(
        x, curve.mean, color=look.colour, linestyle=look.matplotlib_dash, linewidth=1.8, label=label
    )
    carried = curve.carried.any(axis=0) & ~np.isnan(curve.mean)
    axes.plot(
        x[carried],
        curve.mean[carried],
        linestyle="none",
        marker="o",
        markersize=3.5,
        markerfacecolor="white",
        markeredgecolor=look.colour,
    )


def _scores(comparison: Comparison, looks: dict[str, Style]) -> Figure:
    columns = min(_COLUMNS, len(comparison.groups))
    rows = ceil(len(comparison.groups) / columns)
    figure = Figure(figsize=(max(3.2, 2.4 * columns), 2.8 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for axes, group in zip(panels, comparison.groups, strict=False):
        _draw_scores(axes, group, looks)
    for axes in list(panels)[len(comparison.groups) :]:
        axes.remove()
    return figure


def _draw_scores(axes: Axes, group: Group, looks: dict[str, Style]) -> None:
    for seed in sorted({seed.seed for arm in group.arms for seed in arm.seeds}):
        points = [
            (k, s.score) for k, arm in enumerate(group.arms) for s in arm.seeds if s.seed == seed
        ]
        axes.plot(*zip(*points, strict=True), color="#bbbbbb", linewidth=0.8, zorder=1)
    for k, arm in enumerate(group.arms):
        axes.scatter([k] * len(arm.seeds), arm.scores, color=looks[arm.arm].colour, s=18, zorder=2)
    _draw_random(axes, group)
    axes.set(title=group.title, ylabel="score")
    axes.set_xticks(
        range(len(group.arms)), [arm.arm for arm in group.arms], rotation=30, ha="right"
    )
    axes.set_xlim(-0.5, len(group.arms) - 0.5)
    axes.grid(visible=False, axis="x")


def _draw_random(axes: Axes, group: Group) -> None:
    if group.random_score is not None:
        axes.axhline(group.random_score, color="#777777", linewidth=0.8, linestyle=":", zorder=0)
        axes.annotate(
            "random play",
            (1, group.random_score),
            xycoords=("axes fraction", "data"),
            xytext=(0, 1),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=7,
            color="#777777",
        )
