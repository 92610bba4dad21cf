"""Walking through the folders of runs."""

import os
from collections.abc import Iterator
from pathlib import Path

#: Marks a folder that a comparison has been written to.
COMPARISON_FILE = "comparison.json"


def walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield every folder from the root down with the names of its subfolders and files.

    Hidden folders and earlier comparisons, which hold event files too, are passed over.
    Subfolders that are removed from the list are not visited.

    :raises OSError: for a folder that is not readable
    """
    for folder, subfolders, files in os.walk(root, onerror=_raise):
        if COMPARISON_FILE in files:
            subfolders.clear()
            continue
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield Path(folder), subfolders, sorted(files)


def _raise(error: OSError) -> None:
    raise error
