"""Finding the logs of other tools below a folder, and reading them.

A folder with log files is a run. Which one, a pattern for its path says, or the layout of
RL Zoo or CleanRL.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.folders import Walk, each_once
from coordrl.compare.reading.formats.evaluations import read_evaluations
from coordrl.compare.reading.formats.event_files import read_event_files
from coordrl.compare.reading.formats.monitor import read_monitors
from coordrl.compare.reading.formats.progress_csv import read_progress
from coordrl.compare.reading.formats.zoo import ZooRun, read_zoo_run
from coordrl.compare.reading.pattern import EXAMPLE, Pattern
from coordrl.compare.reading.points import Points
from coordrl.compare.reading.runs import UNSTATED, UNSTATED_SEED, Missing, RunKey

#: The kinds of log files, the most telling first: a run that has several is read from the first.
KINDS: dict[str, Callable[[str], bool]] = {
    "monitor": lambda name: name.endswith("monitor.csv"),
    "evaluations": lambda name: name == "evaluations.npz",
    "progress": lambda name: name == "progress.csv",
    "events": lambda name: "tfevents" in name,
}
#: Those in which a tag chooses a curve.
TAGGED = ("progress", "events")
# Layouts that need no pattern; in RL Zoo's, args.yml says the rest.
_CLEANRL, _ZOO = Pattern("{game}__{arm}__{seed}__*"), Pattern("{arm}/*/*")
_ASK = f"give --pattern, such as --pattern '{EXAMPLE}'"


@dataclass(frozen=True)
class LogFiles:
    """The log files of a run, not yet read.

    :param name: its path, relative to what is compared
    :param kind: one of :data:`KINDS`
    :param files: those of that kind
    :param fields: what is known of game, algorithm, seed and arm
    :param zoo: what RL Zoo recorded of it, or None
    :param others: the files of other kinds that may be read where these hold no points
    :param by_file: whether names of files tell runs apart, so that numbers in them mean no
        environments
    """

    name: str
    kind: str
    files: tuple[Path, ...]
    fields: dict[str, str]
    zoo: ZooRun | None
    others: tuple[tuple[str, tuple[Path, ...]], ...] = ()
    by_file: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class LoggedRun:
    """A run that has been read; how far it counts, the other runs decide.

    :param name: its path, relative to what is compared
    :param n_timesteps: the length that was asked for, or None
    """

    name: str
    key: RunKey
    n_timesteps: int | None
    points: Points


def find_logs(
    root: Path,
    base: Path,
    *,
    kinds: Sequence[str],
    pattern: Pattern | None,
    follow_links: bool = False,
) -> tuple[list[LogFiles | Missing], list[str]]:
    """Find the runs below a folder.

    :param root: the folder, an absolute path
    :param base: what names are relative to
    :param kinds: the kinds of files to look for, the preferred first
    :param pattern: which part of a path says what
    :return: the runs in the order of their names and what could not be taken for one, each
        once; and what the reader should know
    :raises CompareError: at a link to a folder, unless links are followed
    """
    walk = Walk(root, follow_links=follow_links)
    found: list[LogFiles | Missing] = []
    empty: list[str] = []
    notes: list[str] = []
    for folder, subfolders, names in walk:
        files = {kind: _of_kind(kind, folder, names) for kind in kinds}
        files = {kind: paths for kind, paths in files.items() if paths}
        if files:
            runs, is_run = _runs_of(folder, base, files, pattern, notes)
            if is_run:
                subfolders.clear()  # whatever else is below belongs to this run
            found += runs
        elif pattern is not None and pattern.match(folder):
            empty.append(_name(folder, base))
    lacking = f"it holds no log ({' or '.join(kinds)})"
    above = {parent.as_posix() for run in found for parent in PurePosixPath(run.name).parents}
    found += [Missing(name, lacking, None) for name in empty if name not in above]
    links = walk.notes()
    if not links:
        return found, notes
    found, repeated = _each_once(found, base)
    return found, [*notes, *links, *repeated]


def _of_kind(kind: str, folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    # "._monitor.csv" and the like are what macOS keeps beside a file on other disks.
    return tuple(folder / name for name in names if KINDS[kind](name) and not name.startswith("._"))


def _each_once(
    found: Sequence[LogFiles | Missing], base: Path
) -> tuple[list[LogFiles | Missing], list[str]]:
    """Keep of a run that links show at several places one that says which run it is."""
    # Sorting is stable: the place of its own comes before the links to it.
    by_path = {base / run.name: run for run in sorted(found, key=_is_missing)}
    kept, notes = each_once(list(by_path), base)
    runs = [by_path[path] for path in kept]
    runs.sort(key=lambda run: (_is_missing(run), PurePosixPath(run.name).parts))
    return runs, notes


def _is_missing(run: LogFiles | Missing) -> bool:
    return isinstance(run, Missing)


def read_log(run: LogFiles, tag: str | None) -> LoggedRun | Missing:
    """Read a run.

    :param tag: the curve in ``progress.csv`` or event files; by default the usual one
    """
    game, algorithm = run.fields.get("game"), run.fields.get("algorithm", UNSTATED)
    arm, seed = run.fields.get("arm", UNSTATED), int(run.fields.get("seed", UNSTATED_SEED))
    try:
        points = _read_first(run, tag)
    except UnusableError as error:
        key = None if game is None else RunKey(game, algorithm, arm, seed)
        return Missing(run.name, str(error), key)
    return LoggedRun(
        name=run.name,
        key=RunKey(game or points.game or UNSTATED, algorithm, arm, seed),
        n_timesteps=None if run.zoo is None else run.zoo.n_timesteps,
        points=points,
    )


def _read_first(run: LogFiles, tag: str | None) -> Points:
    """Read the files of the preferred kind or, where they hold no points, of the next that does."""
    points = _read_points(run, tag)
    if len(points.timesteps):
        return points
    for kind, files in run.others:
        try:
            found = _read_points(replace(run, kind=kind, files=files), tag)
        except UnusableError:
            continue
        if len(found.timesteps):
            note = f"{run.files[0].name} holds no {points.what}: {files[0].name} is read"
            return replace(found, notes=(*found.notes, note), game=found.game or points.game)
    return points


def _read_points(run: LogFiles, tag: str | None) -> Points:
    if run.kind == "monitor":
        n_envs = None if run.zoo is None else run.zoo.n_envs
        return read_monitors(run.files, n_envs, numbered=not run.by_file)
    if run.kind == "evaluations":
        return read_evaluations(run.files[0])
    if run.kind == "progress":
        return read_progress(run.files[0], tag)
    return read_event_files(run.files, tag)


def _runs_of(
    folder: Path,
    base: Path,
    files: dict[str, tuple[Path, ...]],
    pattern: Pattern | None,
    notes: list[str],
) -> tuple[list[LogFiles | Missing], bool]:
    """Return the run of a folder, or its runs where the pattern speaks of files; if there are.

    :param notes: takes up what the reader should know
    """
    kind, *others = files
    try:
        zoo = read_zoo_run(folder)
    except UnusableError as error:
        return [Missing(_name(folder, base), str(error), None)], True
    if pattern is None:
        pattern = _CLEANRL if zoo is None else _ZOO
    runs: list[LogFiles | Missing] = []
    groups = _groups(folder, files[kind], pattern)
    if pattern.chooses_files and any(matched for _, _, matched in groups):
        for path, members, _ in (group for group in groups if group[2] is None):
            names = ", ".join(member.name for member in members)
            notes.append(f"{_name(path, base)}: not named by the pattern and not read: {names}")
        groups = [group for group in groups if group[2] is not None]
    for path, members, matched in groups:
        name = _name(path, base)
        fields = (zoo.fields() if zoo else {}) | (matched or {})
        if matched is None:
            runs.append(Missing(name, f"its path does not say which run it is: {_ASK}", None))
        else:
            alone = path == folder and pattern.match(folder) is not None
            runs.append(
                LogFiles(
                    name=name,
                    kind=kind,
                    files=tuple(members),
                    fields=fields,
                    zoo=zoo,
                    others=tuple((other, files[other]) for other in others) if alone else (),
                    by_file=path != folder,
                )
            )
    return runs, any(isinstance(run, LogFiles) for run in runs)


def _groups(
    folder: Path, files: Sequence[Path], pattern: Pattern
) -> list[tuple[Path, list[Path], dict[str, str] | None]]:
    """Return the files that belong together, with a path to call them by and its fields."""
    matched = pattern.match(folder)
    if matched is not None:
        return [(folder, list(files), matched)]
    groups: dict[tuple[str, ...], tuple[Path, list[Path], dict[str, str] | None]] = {}
    for file in files:
        matched = pattern.match(file)
        same_run = tuple((matched or {}).values())
        place = file if matched and not pattern.chooses_files else folder
        groups.setdefault(same_run, (place, [], matched))[1].append(file)
    return list(groups.values())


def _name(path: Path, base: Path) -> str:
    return path.name if path == base else path.relative_to(base).as_posix()
