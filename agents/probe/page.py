"""The probe's page: what was found over all games, and how far off each arm is in each."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from matplotlib.figure import Figure

from agents.probe.cells import TESTS
from agents.probe.verdicts import Results, condition_name, conditions, skills, told
from common.files import write_bytes
from coordrl.compare.statistics.families import Comparison
from coordrl.compare.statistics.two_arms import mean_interval
from coordrl.compare.writing.figures.canvas import look, save

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .7em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}tr{border-bottom:1px solid #ddd}"
    "img{max-width:100%}"
)
_INTRODUCTION = (
    "<h1>Where is it?</h1>"
    "<p>Extractors trained from scratch to name the places of objects in frames of random play, "
    "by {updates:,} minibatches of 8, and tested on frames of other games. <i>Shown</i>: places "
    "like those of training. <i>Never shown</i>: those of the ball, or else of the player, in the "
    "quarter (low and to the right of its median) that training left out. The skill is 1 - error / "
    "error of the constant that is best in this part of the test: 1 is perfect, 0 says no more "
    "than where things are on average there. It is a mean over games.</p>"
)


def save_page(
    results: Results, found: Mapping[str, Sequence[Comparison]], planned: int, folder: Path
) -> Path:
    """Write ``index.html`` and its figures.

    :param results: Of finished trainings, at least one
    :param found: Comparisons with controls, by control; none while trainings are missing
    :param planned: How many trainings there are to be
    :return: The page
    """
    _save_figure(results, folder / "skill")
    parts = [_INTRODUCTION.format(updates=results[0]["n_updates"])]
    if planned > len(results):
        text = f"{len(results)} of {planned} trainings are finished: no verdicts yet."
        parts.append(f"<p><b>{text}</b></p>")
    for control, family in found.items():
        items = "".join(f"<li>{html.escape(told(one))}.</li>" for one in family)
        parts.append(f"<h2>Against {html.escape(control)}</h2><ul>{items}</ul>")
    parts += [
        "<h2>Skill over all games</h2>",
        '<img src="skill.svg" alt="skill of each arm, a mark a seed">',
        _overall(results),
        "<p>Means over seeds with Student's 95 % intervals.</p>",
    ]
    games = sorted({row["game"] for row in results})
    few = [g for g in games if not any(TESTS[1] in row for row in results if row["game"] == g)]
    if few:
        parts.append(f"<p>No places were held out in {html.escape(', '.join(few))}.</p>")
    for game in games:
        of_game = [row for row in results if row["game"] == game]
        parts += [f"<h2>{html.escape(game)}</h2>", _of_game(of_game)]
    parts.append(
        "<p>Mean errors over coordinates and seeds, in pixels of the 84x84 image; in brackets the "
        "mean share of the variance explained (R2).</p>"
    )
    head = f'<meta charset="utf-8"><title>Where is it?</title><style>{_STYLE}</style>'
    path = folder / "index.html"
    page = f"<!doctype html><html><head>{head}</head><body>{''.join(parts)}</body></html>\n"
    write_bytes(path, page.encode())
    return path


def mean_errors(
    results: Results, arm: str, n_frames: int, test: str
) -> tuple[float, float, int] | None:
    """Average an arm's errors over coordinates, then over seeds.

    :return: Means of pixels and of R2, and the number of seeds; None if there are none
    """
    rows = [
        row[test]
        for row in results
        if (row["arm"], row["n_frames"]) == (arm, n_frames) and test in row
    ]
    if not rows:
        return None
    pixels, r2 = (
        fmean(fmean(value for value in row[name] if value is not None) for row in rows)
        for name in ("pixels", "r2")
    )
    return pixels, r2, len(rows)


def _arms(results: Results) -> list[str]:
    return list(dict.fromkeys(row["arm"] for row in results))


def _overall(results: Results) -> str:
    """Return the table of skills over all games."""
    rows = []
    for arm in _arms(results):
        texts = [arm]
        for condition in conditions(results):
            found = skills(results, arm, *condition)
            if not found:
                texts.append("-")
                continue
            interval = mean_interval(found)
            ends = f" ({interval.low:.2f} to {interval.high:.2f})" if interval else ""
            texts.append(f"{fmean(found):.2f}{ends}, {len(found)} seeds")
        rows.append(texts)
    return _table(["arm", *(condition_name(*one) for one in conditions(results))], rows)


def _of_game(results: Results) -> str:
    """Return the table of a game's errors."""
    columns = conditions(results)
    rows = []
    for arm in _arms(results):
        found = [mean_errors(results, arm, *condition) for condition in columns]
        seeds = max(one[2] for one in found if one)
        texts = [f"{one[0]:.1f} ({one[1]:.2f})" if one else "-" for one in found]
        rows.append([arm, *texts, str(seeds)])
    return _table(["arm", *(condition_name(*one) for one in columns), "seeds"], rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["".join(f"<th>{html.escape(head)}</th>" for head in heads)]
    lines += ["".join(f"<td>{html.escape(text)}</td>" for text in row) for row in rows]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _save_figure(results: Results, path: Path) -> None:
    """Draw the skill of each arm, a panel a condition and a mark a seed."""
    columns, arms = conditions(results), _arms(results)
    with look():
        figure = Figure(figsize=(2.2 + 2.2 * len(columns), 0.6 + 0.3 * len(arms)))
        figure.set_layout_engine("constrained")
        panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axes, (n_frames, test) in zip(panels, columns, strict=True):
            for place, arm in enumerate(arms):
                found = skills(results, arm, n_frames, test)
                axes.plot(found, [place] * len(found), "o", color="C0", alpha=0.6, markersize=4)
            axes.set(title=condition_name(n_frames, test).replace(", ", "\n"), xlabel="skill")
            axes.set(yticks=range(len(arms)), yticklabels=arms)
            axes.axvline(0, color="0.6", linewidth=0.8)
        panels[0].invert_yaxis()
        save(figure, path)
