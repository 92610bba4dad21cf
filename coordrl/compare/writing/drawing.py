"""Draws the figures of a large comparison in a process of its own, beside all else."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from coordrl.compare.comparing.results import Comparison
from coordrl.compare.errors import CompareError
from coordrl.compare.writing.plots import SINGLE_FIGURES, save_plots


@contextmanager
def figures_drawn(comparison: Comparison, folder: Path) -> Iterator[None]:
    """Draw the figures while the context lasts; at its end all are there.

    Few figures are drawn here: another process takes seconds to start.

    :param comparison: what was found
    :param folder: where to write
    :raises CompareError: if the other process fails; it has said why
    """
    if len(comparison.groups) <= SINGLE_FIGURES:
        save_plots(comparison, folder)
        yield
        return
    with NamedTemporaryFile(suffix=".pickle") as file:
        pickle.dump(comparison, file, protocol=pickle.HIGHEST_PROTOCOL)
        file.flush()
        command = [sys.executable, "-m", "coordrl.compare.writing.drawing", file.name, str(folder)]
        with subprocess.Popen(command) as process:
            try:
                yield
            except BaseException:
                process.kill()
                raise
            if process.wait() != 0:
                raise CompareError("the figures could not be drawn")


def main(comparison: str, folder: str) -> None:
    """Draw the figures of a comparison that :func:`figures_drawn` has written down."""
    save_plots(pickle.loads(Path(comparison).read_bytes()), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
