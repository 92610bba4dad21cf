"""The probe's page: how far off each arm is, by the number of frames that it has learned from."""

import html
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.figure import Figure

from common.files import write_bytes
from coordrl.compare.writing.figures.canvas import look, save

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .7em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}tr{border-bottom:1px solid #ddd}"
    "img{max-width:100%}"
)


def save_page(results: Sequence[dict[str, Any]], folder: Path) -> Path:
    """Write ``index.html`` and a figure a game.

    :param results: Of finished trainings, at least one
    :return: The page
    """
    games = list(dict.fromkeys(row["game"] for row in results))
    parts = [
        "<h1>Where is it?</h1>",
        "<p>Extractors trained from scratch to name the places of objects in frames of random "
        "play. Errors are means over coordinates and seeds, in pixels of the 84x84 image, on "
        "games that were not trained on; <i>quadrant</i>: at places that were never shown.</p>",
        '<p>Verdicts: <a href="comparison/report.html">the comparison</a>, of the share of '
        "variance explained, with frames as timesteps.</p>",
    ]
    for game in games:
        of_game = [row for row in results if row["game"] == game]
        _save_figure(of_game, folder / game)
        parts += [f"<h2>{html.escape(game)}</h2>", _table(of_game)]
        parts.append(f'<img src="{html.escape(game)}.svg" alt="errors in {html.escape(game)}">')
    head = f'<meta charset="utf-8"><title>Where is it?</title><style>{_STYLE}</style>'
    path = folder / "index.html"
    page = f"<!doctype html><html><head>{head}</head><body>{''.join(parts)}</body></html>\n"
    write_bytes(path, page.encode())
    return path


def mean_pixels(results: Sequence[dict[str, Any]], **which: Any) -> tuple[float, int] | None:
    """Average the errors of the results that are so, over coordinates, then over seeds.

    :return: The mean and the number of seeds, None if there are none
    """
    chosen = [fmean(row["pixels"]) for row in results if all(row[k] == v for k, v in which.items())]
    return (fmean(chosen), len(chosen)) if chosen else None


def _columns(results: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    return sorted({(row["split"], row["n_frames"]) for row in results})


def _table(results: Sequence[dict[str, Any]]) -> str:
    columns = _columns(results)
    heads = [f"{size:,} frames{', quadrant' * (split == 'quadrant')}" for split, size in columns]
    rows = ["".join(f"<th>{head}</th>" for head in ["arm", *heads, "seeds"])]
    for arm in dict.fromkeys(row["arm"] for row in results):
        found = [
            mean_pixels(results, arm=arm, split=split, n_frames=size) for split, size in columns
        ]
        cells = [f"{one[0]:.1f}" if one else "-" for one in found]
        seeds = max(one[1] for one in found if one)
        rows.append("".join(f"<td>{text}</td>" for text in [html.escape(arm), *cells, str(seeds)]))
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _save_figure(results: Sequence[dict[str, Any]], path: Path) -> None:
    sizes = [size for split, size in _columns(results) if split == "games"]
    with look():
        figure = Figure(figsize=(5.2, 3.2), layout="constrained")
        axes = figure.subplots()
        for arm in dict.fromkeys(row["arm"] for row in results):
            found = [mean_pixels(results, arm=arm, split="games", n_frames=size) for size in sizes]
            points = [(s, one[0]) for s, one in zip(sizes, found, strict=True) if one]
            axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=arm)
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("frames learned from")
        axes.set_ylabel("mean error, pixels")
        figure.legend(loc="outside right upper", fontsize=7)
        save(figure, path)
