"""How a study stands that runs elsewhere: ``python -m agents.status runs/mine``. Only reads."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.play.agent import runs_below
from agents.run.config import RunConfig
from agents.run.display import duration
from agents.run.folder import RunFolder
from agents.run.progress import Progress, read_progress
from agents.study.costs import Cost, Load, cost_of, cost_table, kind_of, time_left
from agents.study.table import make_console, progress_cells
from common.command_line import ArgumentParser, run_command, tell
from common.errors import UsageError, plain
from common.files import read_json
from coordrl.compare import CompareError
from coordrl.compare.reading.declared import DECISIONS_FILE
from coordrl.compare.reading.folders import FOLLOW_LINKS, check_below

SILENCE = 300.0
"""Seconds without a sign of life after which a running run is called silent."""
ENDED = ("finished", "failed", "unneeded")
STYLES = {"running": "cyan", "silent": "yellow", "failed": "red", "damaged": "red"}


@dataclass(frozen=True)
class RunStatus:
    """How a run stands.

    :param name: Its folder within the study's
    :param state: The status of its run.json; "silent" if it runs without a sign of life,
        "damaged" if its run.json cannot be read, "unneeded" if a sequential study does without it
    :param config: What is trained, None if it cannot be read
    :param progress: How far it is, None before its first report and after its end
    :param cost: What it cost, None unless it is finished
    """

    name: str
    state: str
    detail: str = ""
    config: RunConfig | None = None
    progress: Progress | None = None
    cost: Cost | None = None


def main(argv: Sequence[str] | None = None) -> int:
    """Show how a study stands.

    :param argv: Arguments, those of the process if None
    """
    arguments = make_parser().parse_args(argv)
    show_status(arguments.folder, make_console(), arguments.follow_links)
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    parser = ArgumentParser(
        prog="python -m agents.status",
        description="Show how a study stands, wherever it runs. Only reads.",
    )
    parser.add_argument("folder", type=Path, help="a study's folder, or any folder of runs")
    parser.add_argument("--follow-links", action="store_true", help=FOLLOW_LINKS)
    return parser


def show_status(folder: Path, console: Console, follow_links: bool = False) -> None:
    """Print how the runs of a folder stand.

    :param folder: A study, a sweep, or any folder with runs below it
    :param follow_links: Whether to read what links to folders lead to
    :raises UsageError: If it holds no runs, or a link to a folder and links are not followed
    """
    unneeded = _unneeded(folder)
    runs = [
        run if run.state == "finished" or name not in unneeded else replace(run, state="unneeded")
        for name in run_names(folder, follow_links)
        for run in (run_status(folder, name),)
    ]
    states = Counter(run.state for run in runs)
    shown = [run for run in runs if run.state not in ("planned", "finished", "unneeded")]
    if shown:
        console.print(_table(shown))
    costs = [run.cost for run in runs if run.cost is not None]
    if costs:
        console.print(cost_table(costs))
    print_line = f"{len(runs)} runs: " + ", ".join(f"{n} {s}" for s, n in sorted(states.items()))
    console.print(print_line + _left(runs), highlight=False, soft_wrap=True)


def _unneeded(folder: Path) -> set[str]:
    """Return the runs that a sequential study has no need of any more, as it has recorded."""
    found: set[str] = set()
    for path in [folder / DECISIONS_FILE, *folder.glob(f"*/{DECISIONS_FILE}")]:
        try:
            names = read_json(path).get("unneeded") if path.is_file() else None
        except (UsageError, OSError) as error:
            tell(f"what is not needed is not known: {error}")
            continue
        if isinstance(names, list):
            part = "" if path.parent == folder else f"{path.parent.name}/"
            found |= {f"{part}{name}" for name in names}
    return found


def run_names(folder: Path, follow_links: bool = False) -> list[str]:
    """Name the runs of a folder: those that its study declares, or all below it.

    :param folder: A study, a sweep, or any folder with runs below it
    :param follow_links: Whether to read what links to folders lead to
    :raises UsageError: If there are none, or a link to a folder and links are not followed
    """
    if (folder / "sweep.json").is_file():
        labels = _names(folder / "sweep.json", "studies", follow_links)
        return [
            f"{label}/{name}"
            for label in labels
            for name in _names(folder / label / "study.json", "runs", follow_links)
        ]
    if (folder / "study.json").is_file():
        return _names(folder / "study.json", "runs", follow_links)
    runs, notes = runs_below(folder, follow_links)
    for note in notes:
        tell(note)
    names = [str(path.relative_to(folder)) for path in runs]
    if not names:
        raise UsageError(f"{folder} holds no runs: give the folder of a study or of runs")
    return names


def _names(path: Path, key: str, follow_links: bool) -> list[str]:
    """Read the folders that a record lists, which must lie below its own."""
    names = read_json(path).get(key)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{path} is damaged: {key!r} must be a list of folders")
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UsageError(f"{path} is damaged: {name!r} does not lie below its folder")
        try:
            check_below(path.parent, name, follow_links=follow_links)
        except CompareError as error:
            raise UsageError(str(error)) from None
    return names


def run_status(folder: Path, name: str) -> RunStatus:
    """Read how a run stands.

    :param name: The run's folder within it
    """
    run = RunFolder(folder / name)
    try:
        config, record = run.config, run.record
    except (UsageError, OSError) as error:
        return RunStatus(name, "damaged", plain(str(error)))
    state, detail = record["status"], record.get("error") or ""
    progress = None if state == "finished" else read_progress(run.progress_path)
    silence = _silence(run) if state == "running" else 0.0
    if silence > SILENCE:
        state, detail = "silent", f"no sign of life for {duration(silence)}"
    return RunStatus(name, state, detail, config, progress, cost_of(record))


def _silence(run: RunFolder) -> float:
    """Return the seconds since a run has last written how far it is, or how it stands."""
    last = run.file.stat().st_mtime
    with suppress(FileNotFoundError):  # it has not begun, or has ended just now
        last = max(last, run.progress_path.stat().st_mtime)
    return time.time() - last


def _table(runs: list[RunStatus]) -> Table:
    table = Table("run", "state", "done", "timesteps/s", "left", "return", "", box=None)
    for column in table.columns[2:6]:
        column.justify = "right"
    for run in runs:
        cells = ("", "", "", "") if run.progress is None else progress_cells(run.progress)
        state = Text(run.state, STYLES.get(run.state, ""))
        table.add_row(Text(plain(run.name)), state, *cells, Text(run.detail))
    return table


def _left(runs: list[RunStatus]) -> str:
    """Estimate when all runs have ended, if as many run at a time as do now."""
    running = sum(run.state == "running" for run in runs)
    seconds = time_left([_load(run) for run in runs if run.config is not None], max(running, 1))
    if not running or seconds is None:
        return ""
    return f"; about {duration(seconds)} left at {running} at a time"


def _load(run: RunStatus) -> Load:
    assert run.config is not None
    done, rate = 0, None
    if run.progress is not None:
        done, rate = run.progress.timesteps, run.progress.timesteps_per_second
    elif run.cost is not None:
        rate = run.cost.timesteps_per_second
    left = 0 if run.state in ENDED else run.config.n_timesteps - done
    return Load(kind_of(run.config), left, rate)


if __name__ == "__main__":
    sys.exit(run_command(main, None))
