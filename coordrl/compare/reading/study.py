"""Reading all runs that are to be compared, whatever wrote them."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coordrl.compare.errors import CompareError
from coordrl.compare.plain_text import plain, plainly
from coordrl.compare.reading.declared import (
    STUDY_FILE,
    merged,
    read_decisions,
    read_declaration,
)
from coordrl.compare.reading.folders import RUN_FILE, Walk, check_below, each_once
from coordrl.compare.reading.formats.table import SUFFIXES, read_table
from coordrl.compare.reading.lengths import no_training_games, runs_of_one_length
from coordrl.compare.reading.logs import KINDS, TAGGED, LogFiles, LoggedRun, find_logs, read_log
from coordrl.compare.reading.named_arms import arms_named, folder_settings
from coordrl.compare.reading.pattern import Pattern
from coordrl.compare.reading.run_folders import read_run
from coordrl.compare.reading.runs import Declaration, Missing, Run, RunKey, Study
from coordrl.compare.reading.unstated import numbered, without_algorithms

#: What `source` may be: our run folders, or a kind of log.
SOURCES = ("runs", *KINDS)
# How many runs an error names before it counts the others.
_NAMED = 3


@dataclass(frozen=True)
class RunFolder:
    """A folder of ours that was found, or declared, not yet read."""

    path: Path
    name: str


_Item = RunFolder | LogFiles | LoggedRun | Missing
#: Passes items on, and shows how far it is.
Track = Callable[[Sequence[_Item]], Iterable[_Item]]


@dataclass(frozen=True)
class Request:
    """How files are to be read.

    :param source: one of :data:`SOURCES`; by default run folders, and logs where there are none
    :param pattern: which part of a log's path is game, algorithm, arm and seed; by default the
        layouts of RL Zoo and CleanRL are known
    :param tag: the curve in ``progress.csv`` or event files; by default the usual one
    :param follow_links: whether to read what links to folders lead to
    :param arm: what the arms are: "algorithm", or a setting of the runs; by default what paths and
        run folders say
    :raises CompareError: if these do not go together
    """

    source: str | None = None
    pattern: str | None = None
    tag: str | None = None
    follow_links: bool = False
    arm: str | None = None

    def __post_init__(self) -> None:
        if self.source not in (None, *SOURCES):
            raise CompareError(f"no source is called {self.source!r}: {', '.join(SOURCES)}")
        if self.tag is not None and self.source not in (None, *TAGGED):
            raise CompareError(
                f"a tag chooses a curve of {' or '.join(TAGGED)}, not of {self.source}"
            )
        if self.pattern is not None and self.source == "runs":
            raise CompareError("a pattern is for logs: run folders say themselves what they are")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of logs to look for; run folders only if there is no restriction."""
        if self.source in KINDS:
            return (self.source,)
        return tuple(KINDS) if self.tag is None else TAGGED

    @property
    def options(self) -> tuple[str, ...]:
        """The same as options of the command line."""
        given = {
            "--source": self.source,
            "--pattern": self.pattern,
            "--tag": self.tag,
            "--arm": self.arm,
        }
        options = [text for name, value in given.items() if value for text in (name, value)]
        return (*options, "--follow-links") if self.follow_links else tuple(options)


@dataclass(eq=False)
class _Found:
    """What is to be read below a path."""

    declared: Declaration
    items: list[_Item]
    notes: list[str] = field(default_factory=list)


def read_study(*paths: Path, request: Request | None = None, track: Track | None = None) -> Study:
    """Read all runs that are to be compared.

    :param paths: folders of studies, of runs or of logs, and tables of returns
    :return: what was declared, the runs in its order, and what is missing
    :raises CompareError: if a path does not exist or holds no run, if no run is finished, or if
        two are the same
    """
    request = request or Request()
    roots = [_existing(path) for path in paths]
    base = Path(os.path.commonpath([root if root.is_dir() else root.parent for root in roots]))
    parts = [_find(root, base, request) for root in roots]
    declared, source_notes = _source_asked(merged([part.declared for part in parts]), request)
    items = [item for part in parts for item in part.items]
    items, notes = _algorithms_apart(items, request)
    tracked = track(items) if track else items
    read = [_read(item, declared, request.tag) for item in tracked]
    notes += _of_folders(read, declared.window)
    if request.arm is not None:
        read, more = arms_named(request.arm, read, [_settings(item) for item in items])
        declared = replace(declared, baseline=None)
        notes += more
    read, more = numbered(read)
    notes += more
    entries, more = _of_one_length(read, declared.window)
    notes += more
    runs = tuple(entry for entry in entries if isinstance(entry, Run))
    missing = tuple(entry for entry in entries if isinstance(entry, Missing))
    _check_any_finished(paths, runs, missing)
    _check_unique(runs)
    keys = tuple(entry.key for entry in entries if entry.key is not None)
    part_notes = [note for part in parts for note in part.notes]
    declared = replace(declared, arguments=(*(root.name for root in roots), *request.options))
    return _plainly(Study(declared, keys, runs, missing, (*source_notes, *part_notes, *notes)))


def _plainly(study: Study) -> Study:
    """Return a study whose texts can be printed; those of a study's file keep their lines."""
    declared, note = study.declared, study.declared.note
    lines = None if note is None else "\n".join(map(plain, note.split("\n")))
    printable = plainly(replace(study, declared=replace(declared, config=None)))
    shown = replace(printable.declared, config=declared.config, note=lines)
    return replace(printable, declared=shown)


def _algorithms_apart(items: Sequence[_Item], request: Request) -> tuple[list[_Item], list[str]]:
    """Forget algorithms that are what is compared, unless the pattern asks for them."""
    if request.arm or (request.pattern and Pattern(request.pattern).names_algorithm):
        return list(items), []
    logs, notes = without_algorithms([item for item in items if isinstance(item, LogFiles)])
    changed = iter(logs)
    return [next(changed) if isinstance(item, LogFiles) else item for item in items], notes


def _existing(path: Path) -> Path:
    if path.is_dir() or (path.is_file() and path.suffix.lower() in SUFFIXES):
        return path.resolve()
    raise CompareError(
        f"{path} is not a folder, nor a table ({', '.join(SUFFIXES)}): "
        f"give the folder of a study or of runs"
    )


def _find(root: Path, base: Path, request: Request) -> _Found:
    if root.is_file():
        return _find_in_table(root, base)
    restricted = request.pattern or request.tag or request.source
    if request.source == "runs" or not restricted:
        found = _find_folders(root, base, request.follow_links)
        if found is not None:
            return found
        if request.source == "runs":
            raise CompareError(f"{root} holds no run.json: give the folder of a study or of runs")
    pattern = None
    if request.pattern is not None:
        pattern = Pattern(request.pattern, arm=request.arm is None)
    logs, notes = find_logs(
        root, base, kinds=request.kinds, pattern=pattern, follow_links=request.follow_links
    )
    if not logs:
        run_file = "" if restricted else "no run.json and "
        raise CompareError(
            f"{root} holds {run_file}no log ({', '.join(request.kinds)}): "
            f"give the folder of a study or of runs"
        )
    return _Found(Declaration(name=root.name), list(logs), notes)


def _find_folders(root: Path, base: Path, follow_links: bool) -> _Found | None:
    """Return the run folders below a folder, None if there are none."""
    declared = read_declaration(root)
    for name in declared.runs:
        check_below(root, name, follow_links=follow_links)
    walk = Walk(root, follow_links=follow_links)
    paths: list[Path] = []
    others = 0
    for folder, subfolders, names in walk:
        if RUN_FILE in (*names, *subfolders):
            paths.append(folder)
            subfolders.clear()
        elif any(is_log(name) for name in names for is_log in KINDS.values()):
            others += 1
            # Links within a run of another tool are left to those who know where it ends.
            subfolders[:] = [name for name in subfolders if not (folder / name).is_symlink()]
    if not paths and not declared.runs:
        return None
    once, notes = each_once([*(root / name for name in declared.runs), *paths], root)
    found = [path.relative_to(root).as_posix() for path in once]
    notes = [*walk.notes(), *(notes if walk.notes() else [])]
    if declared.sequential is not None:
        decisions, more = read_decisions(root)
        declared, notes = replace(declared, decisions=decisions), [*notes, *more]
    items: list[_Item] = [_run_folder(root, base, name) for name in declared.runs or sorted(found)]
    if declared.runs:
        reason = f"{STUDY_FILE} does not list it"
        unlisted = [_run_folder(root, base, name) for name in sorted({*found} - {*declared.runs})]
        items += [Missing(folder.name, reason, None) for folder in unlisted]
    if declared.altered:
        notes.append(f"{root.name}: {STUDY_FILE} was changed after the study had been declared")
    if others:
        notes.append(f"{root.name}: logs without {RUN_FILE} in {others} folders are not read")
    return _Found(declared, items, notes)


def _run_folder(root: Path, base: Path, name: str) -> RunFolder:
    path = root / name
    return RunFolder(path, os.path.relpath(path, base).replace(os.sep, "/"))


def _find_in_table(path: Path, base: Path) -> _Found:
    runs, notes = read_table(path)
    name = path.relative_to(base).as_posix()
    items: list[_Item] = [
        LoggedRun(
            name=f"{name}: {key.game}/{key.algorithm}/{key.arm}/seed-{key.seed}",
            key=key,
            n_timesteps=None,
            points=points,
        )
        for key, points in runs.items()
    ]
    return _Found(Declaration(name=path.stem), items, notes)


def _source_asked(declared: Declaration, request: Request) -> tuple[Declaration, list[str]]:
    """Take the games of training where ``--source runs`` asks for them, and note what that is."""
    if request.source != "runs" or declared.source == "runs":
        return declared, []
    note = (
        f"the study declared that it compares {declared.source}: comparisons of the games of "
        f"training are others"
    )
    return replace(declared, source="runs"), [note]


def _read(item: _Item, declared: Declaration, tag: str | None) -> Run | Missing | LoggedRun:
    if isinstance(item, RunFolder):
        return read_run(item.path, item.name, declared.window, declared.source)
    return read_log(item, tag) if isinstance(item, LogFiles) else item


def _of_folders(read: Sequence[Run | Missing | LoggedRun], window: float) -> list[str]:
    """Return a note if what was taken of run folders are not the games of training."""
    kinds = dict.fromkeys(entry.points for entry in read if isinstance(entry, Run))
    return [note for what in kinds for note in no_training_games(what, window)]


def _settings(item: _Item) -> dict[str, Any]:
    """Return what is known of a run's configuration."""
    if isinstance(item, RunFolder):
        return folder_settings(item.path)
    return item.zoo.settings if isinstance(item, LogFiles) and item.zoo else {}


def _of_one_length(
    read: Sequence[Run | Missing | LoggedRun], window: float
) -> tuple[list[Run | Missing], list[str]]:
    """Replace logs, of which only all together tell how far each counts, by runs."""
    runs, notes = runs_of_one_length(
        [entry for entry in read if isinstance(entry, LoggedRun)], window
    )
    resolved = iter(runs)
    return [next(resolved) if isinstance(entry, LoggedRun) else entry for entry in read], notes


def _check_any_finished(
    paths: Sequence[Path], runs: Sequence[Run], missing: Sequence[Missing]
) -> None:
    if not runs:
        reasons: dict[str, list[str]] = {}
        for run in missing:
            reasons.setdefault(run.reason, []).append(run.name)
        listed = "; ".join(
            f"{_and_others(names)}: {reason}" for reason, names in list(reasons.items())[:_NAMED]
        )
        others = f"; and {len(reasons) - _NAMED} other reasons" if len(reasons) > _NAMED else ""
        where = ", ".join(str(path) for path in paths)
        raise CompareError(f"no run in {where} can be compared yet: {listed}{others}")


def _and_others(names: Sequence[str]) -> str:
    others = f" and {len(names) - _NAMED} others" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + others


def _check_unique(runs: Sequence[Run]) -> None:
    seen: dict[RunKey, str] = {}
    for run in runs:
        if run.key in seen:
            raise CompareError(
                f"{seen[run.key]} and {run.name} are the same game, algorithm, arm and seed: "
                f"compare the folder of one study"
            )
        seen[run.key] = run.name
