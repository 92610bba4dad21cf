"""What all seeds of an experiment's arms come to: table, findings and page."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from common.errors import UsageError
from coordrl.compare.statistics.families import Comparison
from coordrl.compare.statistics.two_arms import mean_interval
from paper import reproduction
from paper.page import inline, render
from paper.reproduction import Planned
from paper.results import Result, load
from paper.tables import score, to_csv, to_markdown

Arm = tuple[Any, ...]
UNDECIDED = "undecided, as trainings are missing"


@dataclass(frozen=True)
class Run:
    """A finished training of an experiment, and where it is."""

    planned: Planned
    result: Result
    folder: Path


@dataclass(frozen=True)
class Table:
    """How an experiment's trainings are shown.

    :param arms: the settings that all seeds of an arm have in common, with the order of their
        values where it is not that of the values themselves
    :param measures: names of scores; the first is the one that verdicts are about
    :param compared: what a comparison's control and other arm are called
    :param digits: behind the point
    """

    arms: Mapping[str, Sequence[Any] | None]
    measures: Sequence[str]
    compared: tuple[str, str] = ("plain", "CoordConv")
    digits: int = 3

    @property
    def headings(self) -> tuple[str, ...]:
        """Names of the columns."""
        return (*self.arms, "parameters", "seeds", *self.measures)

    def arm(self, run: Run) -> Arm:
        """Return what a training has in common with the other seeds of its arm."""
        return tuple(run.result.setting[name] for name in self.arms)

    def groups(self, runs: Sequence[Run]) -> dict[Arm, list[Run]]:
        """Group runs by arm, in order."""

        def place(run: Run) -> tuple[Any, ...]:
            values = zip(self.arm(run), self.arms.values(), strict=True)
            return tuple(order.index(value) if order else value for value, order in values)

        groups: dict[Arm, list[Run]] = {}
        for run in sorted(runs, key=place):
            groups.setdefault(self.arm(run), []).append(run)
        return groups

    def scores(self, runs: Sequence[Run], measure: str = "", **arm: Any) -> list[float]:
        """Return a measure, the first unless named, of the runs of an arm, one a seed."""
        return [
            run.result.scores[measure or self.measures[0]]
            for run in runs
            if all(run.result.setting[name] == value for name, value in arm.items())
        ]

    def rows(self, runs: Sequence[Run]) -> list[tuple[str, ...]]:
        """Return the table as text: for each arm, means over seeds and their intervals."""
        return [
            (
                *map(str, arm),
                " + ".join(f"{n:,}" for n in some[0].result.parameters.values()),
                str(len(some)),
                *(self._mean(some, name) for name in self.measures),
            )
            for arm, some in self.groups(runs).items()
        ]

    def score(self, value: float) -> str:
        """Write a score with the table's digits."""
        return score(value, self.digits)

    def _mean(self, runs: Sequence[Run], measure: str) -> str:
        """Write a mean over the seeds that have the measure; how many they are if not all."""
        values = [run.result.scores.get(measure) for run in runs]
        known = [value for value in values if value is not None]
        if not known:
            return "none"
        text, interval = self.score(sum(known) / len(known)), mean_interval(known)
        if interval is not None:
            text += f" ({self.score(interval.low)} to {self.score(interval.high)})"
        return text if len(known) == len(values) else f"{text}, {len(known)} seeds"


class Summary(Protocol):
    """An experiment's module ``summary``: what is compared, and what that comes to."""

    TABLE: Table
    RULE: str

    def comparisons(self, runs: Sequence[Run]) -> list[Comparison]:
        """Compare the arms that the claim is about."""

    def claim(self, found: Sequence[Comparison]) -> str:
        """Return the verdict on the paper's claim."""

    def answer(self, claimed: str) -> str:
        """Return it as a sentence."""


@dataclass(frozen=True)
class Story:
    """What a page tells.

    :param package: whose template it fills
    :param draw: draws figures into a folder
    """

    package: str
    summary: Summary
    draw: Callable[[Sequence[Run], Path], list[Path]]


def reproduce(
    arguments: argparse.Namespace,
    planned: Sequence[Planned],
    folder: Path,
    story: Story,
    *,
    data_hash: str | None = None,
    **values: Any,
) -> int:
    """Train whatever is not trained yet, and write tables, figures and the page.

    :param arguments: of the command line, see :func:`paper.command.add_reproduction_options`
    :param folder: where it writes unless told otherwise
    :param data_hash: of what is trained and tested on; None if there is no choice of it
    :param values: what the template needs besides
    :return: exit code: 0, or 1 if a training failed
    :raises UsageError: if trainings that are finished are of other data
    """
    output = reproduction.folder_of(arguments.output, folder, quick=arguments.quick)
    done = [one for one in planned if one.is_done(output)] if data_hash is not None else []
    if any(run.result.data != data_hash for run in load_runs(output, done)):
        raise UsageError(f"the trainings in {output} are of other data: give another --output")
    return reproduction.reproduce(
        planned,
        output,
        arguments.processes,
        only_list=arguments.list,
        finish=lambda output, finished: write(
            output, finished, story, planned=len(planned), **values
        ),
    )


def load_runs(output: Path, finished: Sequence[Planned]) -> list[Run]:
    """Load finished trainings.

    :raises UsageError: if they are of different data
    """
    runs = [
        Run(one, result, one.folder(output))
        for one in finished
        if (result := load(one.folder(output))) is not None
    ]
    if len({run.result.data for run in runs}) > 1:
        raise UsageError(f"the trainings in {output} are of different data: delete some, or all")
    return runs


def write(
    output: Path, finished: Sequence[Planned], story: Story, *, planned: int, **values: Any
) -> Path:
    """Write tables, figures and the page.

    :param planned: how many trainings there are to be; with fewer nothing is decided
    :param values: what the template needs besides
    :return: the page's path
    """
    runs = load_runs(output, finished)
    table, complete = story.summary.TABLE, len(runs) == planned
    comparisons = story.summary.comparisons(runs) if complete else []
    claim = story.summary.claim(comparisons) if complete else UNDECIDED
    rows = table.rows(runs)
    (output / "results.md").write_text(to_markdown(table.headings, rows), encoding="utf-8")
    records = [_record(run) for run in runs]
    (output / "results.csv").write_text(to_csv(records), encoding="utf-8")
    found = {
        "claim": claim,
        "comparisons": [asdict(one) for one in comparisons],
        "trainings": records,
    }
    (output / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    folder = output / "figures"
    folder.mkdir(exist_ok=True)
    drawn = story.draw(runs, folder)
    text = render(
        story.package,
        answer=story.summary.answer(claim),
        findings=[finding(one, table) for one in comparisons],
        headings=table.headings,
        rows=rows,
        rule=story.summary.RULE,
        runs=runs,
        shown=table.measures[:3],
        images={path.stem: inline(path) for path in drawn},
        planned=planned,
        score=table.score,
        **values,
    )
    page = output / "index.html"
    page.write_text(text, encoding="utf-8")
    return page


def finding(one: Comparison, table: Table) -> str:
    """Say what a comparison has found."""
    means = zip(one.means, table.compared, strict=True)
    text = f"{one.name}: {table.measures[0]} "
    text += ", ".join(f"{table.score(mean)} {arm}" for mean, arm in means)
    if one.interval is not None:
        ends = " to ".join(table.score(value) for value in one.interval)
        text += f", difference {table.score(one.difference)} (95 % interval {ends})"
    if one.ratio is not None and one.ratio_interval is not None:
        low, high = one.ratio_interval
        text += f", ratio {one.ratio:.2f} ({low:.2f} to {high:.2f})"
    p_values = f"p of a difference {one.p:.2g}"
    if one.p_equivalence is not None:
        p_values += f", of equivalence {one.p_equivalence:.2g}"
    seeds = f"{one.seeds[0]} and {one.seeds[1]} seeds"
    return f"{text}: {one.verdict} ({p_values}, margin {table.score(one.margin)}, {seeds})"


def _record(run: Run) -> dict[str, Any]:
    result = run.result
    return {
        "command": run.planned.command,
        **result.setting,
        **result.scores,
        "seconds": result.seconds,
        "fingerprint": result.fingerprint,
        "data": result.data,
    }
