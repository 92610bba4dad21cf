"""The report's interactive charts (plotly)."""

import numpy as np
import plotly.graph_objects as go

from coordrl.compare.results import ArmResult, Group
from coordrl.compare.style import Style, return_range, styles
from coordrl.compare.text import number

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_GRID = "#e6e6e6"
_INK = "#222222"


def curves_chart(group: Group, arms: tuple[str, ...]) -> go.Figure:
    """Return the learning curves of a game and algorithm.

    Each arm's mean with its 95 % t band, thin lines for its seeds, and open circles where a
    seed's value is carried forward.
    """
    figure = go.Figure()
    looks = styles(arms)
    for arm in group.arms:
        figure.add_traces(_curve_traces(arm, looks[arm.arm]))
    _layout(figure, x="timesteps", y="return of a whole game")
    figure.update_layout(hovermode="x", legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(range=[0, group.n_timesteps * 1.01])
    figure.update_yaxes(range=return_range(group))
    _random_line(figure, group)
    return figure


def scores_chart(group: Group, arms: tuple[str, ...]) -> go.Figure:
    """Return every seed's score by arm; a line joins the runs of one seed."""
    figure = go.Figure()
    looks = styles(arms)
    seeds = sorted({seed.seed for arm in group.arms for seed in arm.seeds})
    for seed in seeds:
        points = [(arm.arm, s.score) for arm in group.arms for s in arm.seeds if s.seed == seed]
        figure.add_scatter(
            x=[name for name, _ in points],
            y=[score for _, score in points],
            mode="lines",
            line={"color": "#bbbbbb", "width": 1},
            hoverinfo="skip",
        )
    for arm in group.arms:
        figure.add_scatter(
            x=[arm.arm] * len(arm.seeds),
            y=arm.scores,
            mode="markers",
            marker={"color": looks[arm.arm].colour, "size": 9},
            text=[f"seed {s.seed}: {number(s.score)} ({s.games} games)" for s in arm.seeds],
            hovertemplate="%{text}<extra></extra>",
        )
    _layout(figure, x="", y="score")
    figure.update_layout(showlegend=False)
    figure.update_xaxes(range=[-0.5, len(group.arms) - 0.5], showgrid=False, tickangle=-30)
    _random_line(figure, group)
    return figure


def _curve_traces(arm: ArmResult, look: Style) -> list[go.Scatter]:
    curve = arm.curve
    x = curve.timesteps
    known = ~np.isnan(curve.mean)
    traces = [
        go.Scatter(
            x=x,
            y=values,
            mode="lines",
            line={"color": look.pale(0.35), "width": 1},
            legendgroup=arm.arm,
            showlegend=False,
            hoverinfo="skip",
        )
        for values in (curve.seeds if len(curve.seeds) > 1 else [])
    ]
    if len(curve.seeds) > 1:
        traces.append(
            go.Scatter(
                x=np.concatenate([x[known], x[known][::-1]]),
                y=np.concatenate([curve.upper[known], curve.lower[known][::-1]]),
                fill="toself",
                fillcolor=look.pale(0.12),
                line={"width": 0},
                legendgroup=arm.arm,
                showlegend=False,
                hoverinfo="skip",
            )
        )
    carried = known & curve.carried.any(axis=0)
    traces.append(
        go.Scatter(
            x=x,
            y=curve.mean,
            mode="lines",
            name=arm.arm,
            line={"color": look.colour, "width": 2.5, "dash": look.plotly_dash},
            legendgroup=arm.arm,
            text=[_hover(arm, k) for k in range(len(x))],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    traces.append(
        go.Scatter(
            x=x[carried],
            y=curve.mean[carried],
            mode="markers",
            marker={"color": "white", "size": 6, "line": {"color": look.colour, "width": 1.3}},
            legendgroup=arm.arm,
            showlegend=False,
            hoverinfo="skip",
        )
    )
    return traces


def _hover(arm: ArmResult, k: int) -> str:
    curve = arm.curve
    text = f"{arm.arm}: {number(float(curve.mean[k]))}"
    if len(curve.seeds) > 1:
        text += f" ({number(float(curve.lower[k]))} to {number(float(curve.upper[k]))})"
    carried = int(curve.carried[:, k].sum())
    return text + (f", {carried} of {len(curve.seeds)} carried forward" if carried else "")


def _layout(figure: go.Figure, *, x: str, y: str) -> None:
    axis = {"gridcolor": _GRID, "zeroline": False, "linecolor": "#999999", "ticks": "outside"}
    figure.update_layout(
        template="none",
        font={"family": _FONT, "size": 13, "color": _INK},
        height=360,
        margin={"l": 64, "r": 16, "t": 40, "b": 48},
        xaxis={**axis, "title": {"text": x}, "automargin": True},
        yaxis={**axis, "title": {"text": y}, "automargin": True},
        hoverlabel={"font": {"family": _FONT}},
    )


def _random_line(figure: go.Figure, group: Group) -> None:
    if group.random_score is not None:
        figure.add_hline(
            y=group.random_score,
            line={"color": "#777777", "width": 1, "dash": "dot"},
            annotation={"text": "random play", "font": {"size": 11, "color": "#777777"}},
            annotation_position="top right",
        )
