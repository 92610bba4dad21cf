"""The page of what was read out of agents: skills, a mark a run, and how far off each is."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agents.probe.verdicts import IMAGE, OWN, RANDOM, TRAINED, UNTRAINED, Results, told
from common.files import write_bytes
from coordrl.compare.statistics.families import Comparison
from coordrl.compare.writing.figures.canvas import look, save
from coordrl.compare.writing.templating import data_url, environment

FRAMES = {OWN: "own frames", RANDOM: "random play"}
MARKS: dict[str, dict[str, Any]] = {
    TRAINED: {"color": "C0", "marker": "o"},
    UNTRAINED: {"color": "C1", "marker": "o", "markerfacecolor": "none"},
    IMAGE: {"color": "0.5", "marker": "|"},
}


def save_agents_page(
    results: Results, found: Sequence[Comparison], n_unread: int, folder: Path
) -> Path:
    """Write ``index.html`` and its figure.

    :param results: Of agents, as :func:`agents.probe.reading.read_run` returns them, at least one
    :param found: Comparisons; none while runs cannot be read
    :param n_unread: How many these are
    :return: The page
    """
    _save_figure(results, folder / "known")
    text = (
        environment("agents.probe")
        .get_template("agents.html.j2")
        .render(
            n_unread=n_unread,
            found=map(told, found),
            figure=data_url("svg+xml", (folder / "known.svg").read_bytes()),
            headings=["arm", "runs", *(f"{FRAMES[one]}, {what}" for one, what in _columns())],
            games={
                title: {
                    "skills": _table(rows, _skill),
                    "pixels": {
                        name: _table(rows, partial(_pixels, number))
                        for number, name in enumerate(rows[0]["coordinates"])
                    },
                }
                for title, rows in _groups(results).items()
            },
            builds=Counter(", ".join(f"{k} {v}" for k, v in r["builds"].items()) for r in results),
        )
    )
    path = folder / "index.html"
    write_bytes(path, text.encode())
    return path


def _columns() -> list[tuple[str, str]]:
    return [(frames, what) for frames in FRAMES for what in MARKS]


def _groups(results: Results) -> dict[str, list[dict[str, Any]]]:
    """Return the agents of each game and algorithm."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in results:
        found.setdefault(f"{row['game']}, {row['algo']}", []).append(row)
    return found


def _skill(errors: dict[str, Any]) -> float | None:
    skill: float | None = errors["skill"]
    return skill


def _pixels(coordinate: int, errors: dict[str, Any]) -> float | None:
    pixels: float | None = errors["pixels"][coordinate]
    return pixels


def _table(results: Results, value: Callable[[dict[str, Any]], float | None]) -> list[list[str]]:
    """Return rows of a table, an arm each: means, the least and the most over runs."""
    rows = []
    for arm in dict.fromkeys(row["arm"] for row in results):
        agents = [row for row in results if row["arm"] == arm]
        texts = [arm, str(len(agents))]
        for frames, what in _columns():
            values = (value(row[frames][what]) for row in agents)
            known = [one for one in values if one is not None]
            ends = f" ({min(known):.2f} to {max(known):.2f})" if len(known) > 1 else ""
            texts.append(f"{fmean(known):.2f}{ends}" if known else "-")
        rows.append(texts)
    return rows


def _save_figure(results: Results, path: Path) -> None:
    """Draw skills: a row a game and algorithm, a column a kind of frames, a mark a run."""
    groups = _groups(results)
    arms = [len({row["arm"] for row in rows}) for rows in groups.values()]
    with look():
        figure = Figure(figsize=(6.6, 0.5 + 0.55 * len(groups) + 0.3 * sum(arms)))
        figure.set_layout_engine("constrained")
        grid = figure.subplots(
            len(groups),
            len(FRAMES),
            sharex=True,
            sharey="row",
            squeeze=False,
            height_ratios=arms,
        )
        for (title, rows), panels in zip(groups.items(), grid, strict=True):
            for frames, axes in zip(FRAMES, panels, strict=True):
                _draw(axes, rows, frames)
                axes.set(title=f"{title}: {FRAMES[frames]}")
        for axes in grid[-1]:
            axes.set(xlabel="skill")
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        save(figure, path)


def _draw(axes: Axes, results: Results, frames: str) -> None:
    arms = list(dict.fromkeys(row["arm"] for row in results))
    for number, (what, mark) in enumerate(MARKS.items()):
        drawn = [
            (skill, arms.index(row["arm"]) + 0.22 * (number - 1))
            for row in results
            if (skill := _skill(row[frames][what])) is not None
        ]
        axes.plot(
            [skill for skill, _ in drawn],
            [place for _, place in drawn],
            **{**mark, "linestyle": "none", "markersize": 4, "alpha": 0.8, "label": what},
        )
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.set(yticks=range(len(arms)), yticklabels=arms)
    axes.set_ylim(len(arms) - 0.5, -0.5)
