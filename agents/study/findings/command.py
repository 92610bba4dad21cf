"""Recompute what README and docs/findings.md say of the committed Atari studies."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from agents.study.findings import follow_up
from agents.study.findings.pages import blocks
from agents.study.findings.records import Record, read_records
from agents.study.findings.results import FIGURE
from common.command_line import ArgumentParser, tell
from common.errors import UsageError
from common.files import write_bytes
from coordrl.compare.command import save_comparison
from coordrl.compare.writing.figures.canvas import look
from coordrl.compare.writing.figures.games import curves_grid
from coordrl.compare.writing.json_file import as_record
from coordrl.compare.writing.style import styles

DIFFERENT = 1
REPOSITORY = Path(__file__).parents[3]
PAGES = ("README.md", "docs/findings.md")
_BLOCK = re.compile(r"(<!-- findings: ([\w-]+) -->\n).*?(<!-- findings: end -->)", re.DOTALL)


def main(argv: Sequence[str] | None = None, root: Path = REPOSITORY) -> int:
    """Write the generated parts of the pages; of studies that have ended reports and figure too.

    :param argv: Arguments, those of the process if None
    :param root: Where README.md, docs and runs/reference/atari are
    :return: Exit code: 1 if ``--check`` finds what the records do not say
    """
    arguments = _parser().parse_args(argv)
    records = read_records(root / "runs" / "reference" / "atari")
    done = [record for record in records if record.complete]
    follow_ups = [found for found in map(follow_up.read_follow_up, done) if found is not None]
    pages = _pages(blocks(records, follow_ups), root)
    figures = {FIGURE: done, follow_up.FIGURE: [found.record for found in follow_ups]}
    if not arguments.check:
        for path, text in pages.items():
            write_bytes(path, text.encode())
        _write_results(figures, root)
        return 0
    stale = [str(path.relative_to(root)) for path, text in pages.items() if _text(path) != text]
    stale += _stale_results(figures, root)
    if not stale:
        return 0
    tell(f"{', '.join(stale)}: not what the records say; write them anew: make findings")
    return DIFFERENT


def _pages(made: dict[str, str], root: Path) -> dict[Path, str]:
    """Return both pages with their generated parts made anew.

    :param made: the parts
    :raises UsageError: if a part has no place, or a place no part
    """
    texts = {root / page: _text(root / page) for page in PAGES}
    places = [found[2] for text in texts.values() for found in _BLOCK.finditer(text)]
    if sorted(places) != sorted(made):
        raise UsageError(
            f"README.md and docs/findings.md should have each of the markers "
            f"{', '.join(sorted(made))} once, and have {', '.join(sorted(places)) or 'none'}"
        )
    return {
        path: _BLOCK.sub(lambda found: f"{found[1]}{made[found[2]]}\n{found[3]}", text)
        for path, text in texts.items()
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _write_results(figures: dict[str, list[Record]], root: Path) -> None:
    """Write each study's report, tables and TensorBoard files, and the figures.

    A folder that has all that the records give stays as it is: TensorBoard's files name the time
    and machine that wrote them.

    :param figures: the studies whose curves each figure below docs has, which have all ended
    """
    for figure, records in figures.items():
        for record in records:
            if not _is_told(record):
                save_comparison(record.compared, record.folder / "comparison")
        if records:
            with look():
                curves(records).savefig(
                    root / "docs" / figure, dpi=150, metadata={"Software": None}
                )


def curves(records: Sequence[Record]) -> Figure:
    """Return the learning curves of all studies, a panel for each game and algorithm."""
    groups = [group for record in records for group in record.compared.groups]
    return curves_grid(groups, styles(records[0].compared.arms))


def _stale_results(figures: dict[str, list[Record]], root: Path) -> list[str]:
    """Name the files that are missing, or of other records."""
    stale = []
    for name, records in figures.items():
        figure = root / "docs" / name
        stale += [figure] if records and not figure.exists() else []
        stale += [_comparison_file(record) for record in records if not _is_told(record)]
    return [str(path.relative_to(root)) for path in stale]


def _is_told(record: Record) -> bool:
    """Say whether a study's comparison.json has every number that its records give.

    Its report is the last file that is written: without it the others may be missing, too.
    """
    path = _comparison_file(record)
    if not (path.exists() and path.with_name("report.html").exists()):
        return False
    return same(json.loads(_text(path)), as_record(record.compared))


def _comparison_file(record: Record) -> Path:
    return record.folder / "comparison" / "comparison.json"


def same(one: Any, other: Any) -> bool:
    """Compare two JSON values but for the last digits of numbers, which depend on the CPU."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m agents.study.findings",
        description="Recompute what README and docs/findings.md say of runs/reference/atari.",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing, and fail where they say else"
    )
    return parser
