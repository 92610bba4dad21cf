"""Learning curves and scores: of one game, and of all games of an algorithm side by side."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coordrl.compare.comparing.results import ArmResult, Group
from coordrl.compare.writing.figures.canvas import (
    add_legend,
    panels,
    random_line,
    return_axis,
    timestep_axis,
)
from coordrl.compare.writing.points import return_label
from coordrl.compare.writing.style import Style, return_range


def curves_figure(group: Group, looks: dict[str, Style]) -> Figure:
    """Return one game's curves: mean, 95 % t band and every seed of each arm."""
    figure = Figure(figsize=(5.4, 3.4), layout="constrained")
    draw_curves(figure.subplots(), group, looks)
    return figure


def draw_curves(axes: Axes, group: Group, looks: dict[str, Style]) -> None:
    """Draw one game's curves: mean, 95 % t band and every seed of each arm."""
    for arm in group.arms:
        count = len(arm.seeds)
        axes.plot(arm.curve.timesteps, arm.curve.seeds.T, color=looks[arm.arm].colour,
                  alpha=0.3, linewidth=0.6)  # fmt: skip
        label = f"{arm.arm} ({count} {'seed' if count == 1 else 'seeds'})"
        _draw_curve(axes, arm, looks[arm.arm], label)
    _frame(axes, group)
    random_line(axes, group, label=True)
    axes.set(title=group.title, xlabel="timesteps", ylabel=return_label([group]))
    axes.legend()


def curves_grid(groups: list[Group], looks: dict[str, Style]) -> Figure:
    """Return the curves of many games, a panel each: mean and 95 % t band of each arm."""
    figure, all_axes = panels(len(groups), len(looks))
    one_algorithm = len({group.algorithm for group in groups}) == 1
    for axes, group in zip(all_axes, groups, strict=True):
        for arm in group.arms:
            _draw_curve(axes, arm, looks[arm.arm], arm.arm)
        _frame(axes, group)
        random_line(axes, group, label=False)
        axes.set_title(group.game if one_algorithm else group.title)
    figure.supxlabel("timesteps", fontsize=8, y=0.08 / figure.get_figheight())
    figure.supylabel(return_label(groups), fontsize=8, x=0.06 / figure.get_figwidth())
    add_legend(figure, looks, lines=True)
    return figure


def scores_grid(groups: list[Group], looks: dict[str, Style]) -> Figure:
    """Return a panel for each game: a point a run, a line joining the runs of one seed."""
    figure, all_axes = panels(len(groups), len(looks))
    for axes, group in zip(all_axes, groups, strict=True):
        _draw_scores(axes, group, looks)
        axes.set_title(group.game)
    figure.supylabel("score", fontsize=8, x=0.06 / figure.get_figwidth())
    add_legend(figure, looks, lines=False)
    return figure


def _frame(axes: Axes, group: Group) -> None:
    timestep_axis(axes, group.n_timesteps)
    axes.set_ylim(return_range(group))
    return_axis(axes)


def _draw_curve(axes: Axes, arm: ArmResult, look: Style, label: str) -> None:
    curve, colour = arm.curve, look.colour
    if len(arm.seeds) > 1:
        axes.fill_between(
            curve.timesteps, curve.lower, curve.upper, color=colour, alpha=0.13, linewidth=0
        )
    dashes = look.dash or (None, None)
    axes.plot(curve.timesteps, curve.mean, color=colour, dashes=dashes, linewidth=1.5, label=label)
    carried = curve.carried.any(axis=0) & ~np.isnan(curve.mean)
    axes.plot(
        curve.timesteps[carried],
        curve.mean[carried],
        linestyle="none",
        marker="o",
        markersize=3,
        markerfacecolor="white",
        markeredgecolor=colour,
    )


def _draw_scores(axes: Axes, group: Group, looks: dict[str, Style]) -> None:
    for seed in sorted({seed.seed for arm in group.arms for seed in arm.seeds}):
        points = [
            (k, s.score) for k, arm in enumerate(group.arms) for s in arm.seeds if s.seed == seed
        ]
        axes.plot(*zip(*points, strict=True), color="#bbbbbb", linewidth=0.6, zorder=1)
    for k, arm in enumerate(group.arms):
        style = looks[arm.arm]
        axes.scatter(
            [k] * len(arm.seeds),
            [seed.score for seed in arm.seeds],
            color=style.colour,
            marker=style.matplotlib_marker,
            s=12,
            zorder=2,
        )
    random_line(axes, group, label=False)
    return_axis(axes)
    axes.set_xticks([])
    axes.set_xlim(-0.5, len(group.arms) - 0.5)
