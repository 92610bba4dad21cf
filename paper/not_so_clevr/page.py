"""The page, and the tables and figures beside it."""

import json
from collections.abc import Sequence
from pathlib import Path

from paper.not_so_clevr import figures, summary
from paper.not_so_clevr.data import PAPER_SPLITS, Dataset
from paper.not_so_clevr.results import Run
from paper.page import inline, render
from paper.tables import score


def save_page(output: Path, runs: Sequence[Run], planned: int) -> Path:
    """Write tables, figures and the page: one HTML file that opens offline.

    :param runs: the finished trainings, at least one
    :param planned: how many there will be
    """
    table = summary.rows(runs)
    (output / "results.md").write_text(summary.to_markdown(table), encoding="utf-8")
    (output / "results.csv").write_text(summary.to_csv(table), encoding="utf-8")
    records = json.dumps(summary.to_records(runs), indent=1)
    (output / "results.json").write_text(records + "\n", encoding="utf-8")
    folder = output / "figures"
    folder.mkdir(exist_ok=True)
    drawn = {path.stem: inline(path) for path in figures.draw(runs, folder)}
    canvas = runs[0].result.canvas
    page = output / "index.html"
    page.write_text(
        render(
            "paper.not_so_clevr",
            table=table,
            headings=summary.HEADINGS,
            cells=summary.cells,
            runs=runs,
            planned=planned,
            images=drawn,
            canvas=canvas,
            datasets={split: Dataset(split, canvas) for split in PAPER_SPLITS},
            findings=[summary.verdict(table, split) for split in PAPER_SPLITS]
            + [text for split in PAPER_SPLITS if (text := summary.speed_up(table, split))],
            score=score,
        ),
        encoding="utf-8",
    )
    return page
