"""The whole reproduction: every training of it, then tables, figures and the page."""

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from common.errors import UsageError
from paper import reproduction
from paper.detection import figures, summary
from paper.detection.boxes import ANCHORS
from paper.detection.command import FOLDER
from paper.detection.networks import FULL_WIDTH, MODELS
from paper.detection.training import Setting
from paper.page import inline, render
from paper.reproduction import Planned
from paper.results import load
from paper.tables import score, to_csv, to_markdown

# Width, epochs, seeds.
_FULL = ((12, 4, 10), (FULL_WIDTH, 10, 1))
_QUICK = ((12, 1, 3),)


def plan(quick: bool, data: Path) -> list[Planned]:
    """Return all trainings, seed after seed, so that all arms grow alike.

    :param quick: those of the quick reproduction
    :param data: folder of MNIST's idx files
    """
    return [
        _planned(Setting(model, anchors, seed, width, epochs), data)
        for width, epochs, n_seeds in (_QUICK if quick else _FULL)
        for seed in range(n_seeds)
        for anchors in ANCHORS
        for model in MODELS
    ]


def reproduce(arguments: argparse.Namespace) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :return: exit code: 0, or 1 if a training failed
    """
    planned = plan(arguments.quick, arguments.data)
    return reproduction.reproduce(
        planned,
        reproduction.folder_of(arguments.output, FOLDER, quick=arguments.quick),
        arguments.processes,
        only_list=arguments.list,
        finish=partial(write, n_planned=len(planned), quick=arguments.quick),
    )


def write(output: Path, finished: list[Planned], *, n_planned: int, quick: bool) -> Path:
    """Write tables, figures and the page.

    :raises UsageError: if trainings are of different data
    """
    runs = [
        summary.Run(one, result, one.folder(output))
        for one in finished
        if (result := load(one.folder(output))) is not None
    ]
    if len({run.result.data for run in runs}) > 1:
        raise UsageError(f"the trainings in {output} are of different data: delete some, or all")
    found = summary.comparisons(runs)
    table = summary.rows(runs)
    markdown = to_markdown(summary.HEADINGS, table)
    (output / "results.md").write_text(markdown, encoding="utf-8")
    records = summary.records(runs)
    (output / "results.csv").write_text(to_csv(records), encoding="utf-8")
    values = {
        "claim": summary.claim(found),
        "comparisons": [asdict(one) for one in found],
        "trainings": records,
    }
    (output / "results.json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    folder = output / "figures"
    folder.mkdir(exist_ok=True)
    page = output / "index.html"
    text = render(
        "paper.detection",
        answer=summary.answer(found),
        findings=[summary.finding(one) for one in found],
        headings=summary.HEADINGS,
        rows=table,
        rule=summary.RULE,
        runs=runs,
        planned=n_planned,
        quick=quick,
        n_test="1,000",
        images={path.stem: inline(path) for path in figures.draw(runs, folder)},
        score=score,
    )
    page.write_text(text, encoding="utf-8")
    return page


def _planned(setting: Setting, data: Path) -> Planned:
    arguments = (
        *("train", "--model", setting.model, "--anchors", setting.anchors),
        *("--width", str(setting.width), "--epochs", str(setting.epochs)),
        *("--seed", str(setting.seed), "--data", str(data)),
    )
    arm = f"width-{setting.width}/{setting.anchors}/{setting.model}"
    return Planned(
        "paper.detection", f"{arm}/seed-{setting.seed}", arguments, {"setting": asdict(setting)}
    )
