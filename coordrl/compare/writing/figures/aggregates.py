"""All games of an algorithm together: interval estimates and performance profiles."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coordrl.compare.comparing.aggregates import Aggregate, Estimate
from coordrl.compare.comparing.words import algorithm_text
from coordrl.compare.writing.style import Style

#: The human-normalised numbers, by their field, as they are called.
METRICS = {
    "iqm": "IQM",
    "median": "median",
    "mean": "mean",
    "optimality_gap": "optimality gap",
}


def aggregate_figure(aggregate: Aggregate, looks: dict[str, Style]) -> Figure | None:
    """Return interval estimates above the profiles; None without normalised scores that differ."""
    if aggregate.tau.size < 2:
        return None
    rows = 0.22 * len(aggregate.arms) + 0.75
    figure = Figure(figsize=(7.2, rows + 2.7), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[rows, 2.7])[:, 0]
    panels = above.subplots(1, len(METRICS), sharey=True, squeeze=False)[0]
    for axes, (name, title) in zip(panels, METRICS.items(), strict=True):
        _draw_metric(axes, aggregate, name, looks)
        axes.set_title(title)
    _draw_profiles(below.subplots(), aggregate, looks)
    games = len(aggregate.games)
    figure.suptitle(f"{algorithm_text(aggregate.algorithm)} over {games} games", fontsize=9)
    return figure


def _draw_metric(axes: Axes, aggregate: Aggregate, name: str, looks: dict[str, Style]) -> None:
    for k, arm in enumerate(aggregate.arms):
        found: Estimate | None = getattr(arm, name)
        if found is None:
            continue
        look = looks[arm.arm]
        if found.interval:
            axes.plot(found.interval, (k, k), color=look.colour, linewidth=5, alpha=0.3)
        axes.plot(found.value, k, look.matplotlib_marker, color=look.colour, markersize=4)
    axes.set_yticks(range(len(aggregate.arms)), [arm.arm for arm in aggregate.arms])
    axes.set_ylim(len(aggregate.arms) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(visible=False, axis="y")


def _draw_profiles(axes: Axes, aggregate: Aggregate, looks: dict[str, Style]) -> None:
    for arm in aggregate.arms:
        profile, look = arm.profile, looks[arm.arm]
        if profile is None:
            continue
        axes.fill_between(
            aggregate.tau, profile.lower, profile.upper, color=look.colour, alpha=0.13, linewidth=0
        )
        axes.plot(
            aggregate.tau,
            profile.values,
            color=look.colour,
            dashes=look.dash or (None, None),
            label=arm.arm,
        )
    axes.set(
        # The best twentieth of the runs would squeeze all others.
        xlim=(aggregate.tau[0], np.quantile(aggregate.tau, 0.95)),
        ylim=(0, 1.02),
        xlabel="human-normalised score (0: random play, 1: human play)",
        ylabel="share of runs above it",
    )
    axes.legend()
