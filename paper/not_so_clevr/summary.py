"""The table: what all seeds of a network come to, beside the paper's numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from paper import tables
from paper.not_so_clevr.published import PUBLISHED
from paper.not_so_clevr.recipes import MODELS, TASKS
from paper.not_so_clevr.results import Result, Run
from paper.tables import score


@dataclass(frozen=True)
class Row:
    """The seeds of one network, trained by one recipe on one split.

    Scores are accuracies (of regression: places less than half a pixel off) or IOU. Times are
    medians over the seeds that got there.

    :param train: median score on the training places
    :param test: median score on the test places
    :param pixel_error: median over seeds of the mean distance on the test places; None of rendering
    :param largest_pixel_error: the largest distance of any seed and test place
    :param perfect: seeds in which every place was right, training and test
    :param epochs_to_80: until the score on the test places was 0.8; None if it was in no seed
    :param epochs_to_perfect: until every place was right; None if they were in no seed
    :param seconds: median of the whole training
    :param paper: what the paper reports
    """

    task: str
    split: str
    model: str
    recipe: str
    parameters: int
    seeds: int
    train: float
    test: float
    test_lowest: float
    test_highest: float
    pixel_error: float | None
    largest_pixel_error: float | None
    perfect: int
    epochs_to_80: float | None
    seconds_to_80: float | None
    epochs_to_perfect: float | None
    seconds_to_perfect: float | None
    seconds: float
    paper: str


def rows(runs: Iterable[Run]) -> list[Row]:
    """Summarise runs: by task, then split, plain networks first."""
    groups: dict[tuple[str, str, str, str], list[Result]] = {}
    for run in runs:
        result = run.result
        key = (result.task, result.split, result.model, run.recipe)
        groups.setdefault(key, []).append(result)

    def order(key: tuple[str, str, str, str]) -> tuple[Any, ...]:
        task, split, model, recipe = key
        return TASKS.index(task), split != "uniform", MODELS.index(model), recipe != "default"

    return [_row(key, groups[key]) for key in sorted(groups, key=order)]


def _row(key: tuple[str, str, str, str], results: Sequence[Result]) -> Row:
    task, split, model, _ = key
    train = [result.train[result.score] for result in results]
    test = [result.test[result.score] for result in results]
    errors = [result.test for result in results if "pixel_error" in result.test]
    return Row(
        *key,
        parameters=results[0].parameters,
        seeds=len(results),
        train=median(train),
        test=median(test),
        test_lowest=min(test),
        test_highest=max(test),
        pixel_error=median(error["pixel_error"] for error in errors) if errors else None,
        largest_pixel_error=max((e["largest_pixel_error"] for e in errors), default=None),
        perfect=sum(result.epochs_to_perfect is not None for result in results),
        epochs_to_80=_median(result.epochs_to_80 for result in results),
        seconds_to_80=_median(result.seconds_to_80 for result in results),
        epochs_to_perfect=_median(result.epochs_to_perfect for result in results),
        seconds_to_perfect=_median(result.seconds_to_perfect for result in results),
        seconds=median(result.seconds for result in results),
        paper=PUBLISHED.get((task, split, model), ""),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


HEADINGS = (
    *("task", "split", "network", "parameters", "train", "test (lowest to highest)"),
    *("pixel error (largest)", "perfect", "to .80", "to perfect", "in all", "the paper"),
)


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as text, a cell for each of ``HEADINGS``."""
    network = row.model if row.recipe == "default" else f"{row.model}, {row.recipe}"
    test = score(row.test)
    if row.test_lowest != row.test_highest:
        test += f" ({score(row.test_lowest)} to {score(row.test_highest)})"
    return (
        *(row.task, row.split, network, f"{row.parameters:,}", score(row.train), test),
        _pixels(row.pixel_error, row.largest_pixel_error),
        f"{row.perfect} of {row.seeds} seeds",
        _time(row.epochs_to_80, row.seconds_to_80),
        _time(row.epochs_to_perfect, row.seconds_to_perfect),
        f"{row.seconds:,.0f} s",
        row.paper,
    )


def _pixels(mean: float | None, largest: float | None) -> str:
    return "" if mean is None else f"{mean:.2g} ({largest:.2g})"


def _time(epochs: float | None, seconds: float | None) -> str:
    if epochs is None or seconds is None:
        return "never"
    plural = "" if epochs == 1 else "s"
    return f"{epochs:g} epoch{plural}, {seconds:,.0f} s"


def to_markdown(table: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    return tables.to_markdown(HEADINGS, map(cells, table))


def to_csv(table: Sequence[Row]) -> str:
    """Return the table as CSV, with all digits."""
    return tables.to_csv([asdict(row) for row in table])


def to_records(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return each run as an object for JSON: its command, its result, not the way there."""
    return [{"command": run.command, **_without_history(run.result)} for run in runs]


def _without_history(result: Result) -> dict[str, Any]:
    values = asdict(result)
    del values["history"]
    return values


def verdict(table: Sequence[Row], split: str) -> str:
    """Say in how many trainings by the default recipes every place of a split is right."""
    counts = []
    for model in MODELS:
        rows = [r for r in table if (r.split, r.model, r.recipe) == (split, model, "default")]
        perfect, seeds = sum(row.perfect for row in rows), sum(row.seeds for row in rows)
        counts.append(f"with the {model} networks in {perfect} of {seeds} trainings")
    return f"{split}: every single place is right, training and test, {', '.join(counts)}"


def speed_up(table: Sequence[Row], split: str) -> str:
    """Say how many times sooner CoordConv has 80 % of a split's test places in classification."""
    found = {
        row.model: row
        for row in table
        if (row.task, row.split, row.recipe) == ("classification", split, "default")
    }
    if set(found) != set(MODELS) or found["coordconv"].seconds_to_80 is None:
        return ""
    quick, slow = found["coordconv"].seconds_to_80, found["plain"].seconds_to_80
    if slow is None:
        return (
            f"{split}: CoordConv had 80 % of the test places after {quick:,.0f} s, the plain "
            f"network never in {found['plain'].seconds:,.0f} s"
        )
    return (
        f"{split}: CoordConv had 80 % of the test places after {quick:,.0f} s, the plain network "
        f"after {slow:,.0f} s, {slow / quick:,.0f} times as long"
    )
