"""The scores of every seed."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coordrl.compare.comparing.results import Group
from coordrl.compare.writing.figures.canvas import add_legend, panels, random_line, return_axis
from coordrl.compare.writing.style import Style


def scores_grid(groups: list[Group], looks: dict[str, Style]) -> Figure:
    """Return a panel for each game: a point a run, a line joining the runs of one seed."""
    figure, all_axes = panels(len(groups))
    for axes, group in zip(all_axes, groups, strict=True):
        _draw(axes, group, looks)
        axes.set_title(group.game)
    figure.supylabel("score", fontsize=8, x=0.06 / figure.get_figwidth())
    add_legend(figure, looks, lines=False)
    return figure


def _draw(axes: Axes, group: Group, looks: dict[str, Style]) -> None:
    for seed in sorted({seed.seed for arm in group.arms for seed in arm.seeds}):
        points = [
            (k, s.score) for k, arm in enumerate(group.arms) for s in arm.seeds if s.seed == seed
        ]
        axes.plot(*zip(*points, strict=True), color="#bbbbbb", linewidth=0.6, zorder=1)
    for k, arm in enumerate(group.arms):
        style = looks[arm.arm]
        axes.scatter(
            [k] * len(arm.seeds),
            arm.scores,
            color=style.colour,
            marker=style.matplotlib_marker,
            s=12,
            zorder=2,
        )
    random_line(axes, group, label=False)
    return_axis(axes)
    axes.set_xticks([])
    axes.set_xlim(-0.5, len(group.arms) - 0.5)
