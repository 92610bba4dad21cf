"""Walking through the folders of runs. No link is followed unless the user asks for it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from coordrl.compare.errors import CompareError

#: Marks a folder that a comparison has been written to.
COMPARISON_FILE = "comparison.json"
#: Marks a run's folder of ours.
RUN_FILE = "run.json"
#: What the option does.
FOLLOW_LINKS = "read also what links to folders lead to (without it such a link is an error)"
# How many links a note names before it counts the others.
_NAMED = 3


class Walk:
    """Every folder from a root down, with the names of its subfolders and of its files.

    Hidden folders and earlier comparisons, which hold event files too, are passed over.
    Subfolders that are removed from the list are not visited. The root may be a link. Links to
    folders come last, so that what has a place of its own is met there first; every folder is
    met once more at most, whatever leads to it.

    :param follow_links: whether to visit what links to folders lead to
    """

    def __init__(self, root: Path, *, follow_links: bool = False) -> None:
        self.root = root
        self.follow_links = follow_links
        self._followed: list[Path] = []
        self._repeated: list[tuple[Path, Path]] = []

    def __iter__(self) -> Iterator[tuple[Path, list[str], list[str]]]:
        """Walk.

        :raises CompareError: at a link to a folder, unless links are followed; and at one that
            leads nowhere
        :raises OSError: for a folder that is not readable
        """
        self._followed, self._repeated = [], []
        seen: dict[Path, Path] = {}
        starts = [self.root]
        for start in starts:
            waiting = [start]
            while waiting:
                folder = waiting.pop()
                if start is not self.root and not self._is_new(folder, seen):
                    continue
                subfolders, links, files = _listing(folder)
                if COMPARISON_FILE in files:
                    continue
                names = sorted([*subfolders, *links])
                yield folder, names, files
                for name in names:
                    if name in links:
                        self._meet(folder / name)
                        starts.append(folder / name)
                waiting += [folder / name for name in reversed(names) if name not in links]

    def notes(self) -> list[str]:
        """Say which links have been followed."""
        notes = []
        if self._followed:
            listed = _listed(f"{self._name(link)} to {link.resolve()}" for link in self._followed)
            notes.append(f"{self.root.name}: links were followed: {listed}")
        if self._repeated:
            listed = _listed(f"{self._name(a)} as {self._name(b)}" for a, b in self._repeated)
            notes.append(f"{self.root.name}: links lead to the same folder, read once: {listed}")
        return notes

    def _meet(self, link: Path) -> None:
        if self.follow_links and link.is_dir():
            self._followed.append(link)
        else:
            raise _refusal(link)

    def _is_new(self, folder: Path, seen: dict[Path, Path]) -> bool:
        """Whether no link has led to a folder before."""
        real = folder.resolve()
        first = seen.setdefault(real, folder)
        if first is not folder and real != self.root.resolve():
            self._repeated.append((folder, first))
        return first is folder

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def find_run_folders(root: Path, *, follow_links: bool = False) -> tuple[list[Path], list[str]]:
    """Find the folders below a root that hold a ``run.json``, each once.

    :return: their paths, sorted, and notes on the links that were followed
    :raises CompareError: at a link to a folder, unless links are followed
    """
    walk = Walk(root, follow_links=follow_links)
    found = []
    for folder, subfolders, files in walk:
        if RUN_FILE in (*files, *subfolders):
            found.append(folder)
            subfolders.clear()
    kept, notes = each_once(found, root)
    return sorted(kept), [*walk.notes(), *notes]


def each_once(paths: Sequence[Path], root: Path) -> tuple[list[Path], list[str]]:
    """Return the paths of different files or folders, the first of each, and what was left out."""
    kept: dict[Path, Path] = {}
    again: list[str] = []
    for path in paths:
        first = kept.setdefault(path.resolve(), path)
        if first != path:
            names = (each.relative_to(root).as_posix() for each in (path, first))
            again.append(" as ".join(names))
    notes = [f"{root.name}: met again through links, counted once: {_listed(again)}"]
    return list(kept.values()), notes if again else []


def check_below(root: Path, name: str, *, follow_links: bool = False) -> None:
    """Check that a path that a file names lies below the file's folder.

    :param name: the path, relative to the root
    :raises CompareError: if it leads out, or through a link and links are not followed
    """
    parts = Path(name).parts
    if Path(name).is_absolute() or ".." in parts:
        raise CompareError(f"{name!r} does not lie below its folder, {root}")
    for count in range(1, len(parts) + 1):
        path = root.joinpath(*parts[:count])
        if path.is_symlink() and not (follow_links and path.is_dir()):
            raise _refusal(path)


def _refusal(link: Path) -> CompareError:
    target = os.fspath(link.readlink())
    if link.is_dir():
        return CompareError(
            f"{link} is a link to {target}: add --follow-links to read what it leads to, or name "
            f"that folder itself"
        )
    return CompareError(f"{link} is a link to {target}, where no folder is: mend or remove it")


def _listing(folder: Path) -> tuple[list[str], set[str], list[str]]:
    """Return the names in a folder: of folders, of links to folders or to nothing, of files."""
    subfolders: list[str] = []
    links: set[str] = set()
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            # A link to a folder may be called like a file, and one to nothing may be either.
            is_link = entry.is_symlink()
            is_folder = os.path.isdir(entry.path) if is_link else entry.is_dir()  # noqa: PTH112
            leads_nowhere = is_link and not os.path.exists(entry.path)  # noqa: PTH110
            if not is_folder:
                files.append(entry.name)
            if entry.name.startswith("."):
                continue
            if is_folder and not is_link:
                subfolders.append(entry.name)
            elif is_folder or leads_nowhere:
                links.add(entry.name)
    return subfolders, links, sorted(files)


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    others = f" and {len(every) - _NAMED} others" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + others
