"""The notebooks run from their first cell to their last, and are kept as they have run."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples" / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.skipif(
    "CI" not in os.environ and importlib.util.find_spec("nbclient") is None,
    reason="nbclient is not installed",
)


def code_cells(path: Path) -> list[Any]:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_what_it_shows(path: Path) -> None:
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    shown = [output for cell in cells for output in cell.outputs]
    assert {"display_data", "execute_result"} <= {output.output_type for output in shown}
    assert not [output for output in shown if output.output_type == "error"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()


def test_there_are_two() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["comparison", "extractor"]
