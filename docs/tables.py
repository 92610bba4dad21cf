"""Writes the pages' tables of measurements from ``docs/data``: ``python docs/tables.py``.

A page says where a table belongs::

    <!-- data/layers.csv -->
    <!-- end -->

Between the two lines stand the file's rows as a Markdown table, which every viewer shows, and below
it the file's first line, a comment: the command that measured them, the machine, the date. With
``--check`` nothing is written: pages that do not show what their files hold are named.
"""

import csv
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
PLACE = re.compile(r"<!-- (data/\S+\.csv) -->\n.*?<!-- end -->\n", re.DOTALL)
NUMBER = re.compile(r"[-+]?\.?\d")


def is_number(cell: str) -> bool:
    """Tell whether a cell begins with a number: ``.51``, ``-3 to 4``, ``772 (744 to 810)``."""
    return NUMBER.match(cell) is not None


def table(file: str) -> str:
    """Return a data file as Markdown, with what measured it."""
    first, *lines = (HERE / file).read_text().splitlines()
    if not first.startswith("# "):
        raise ValueError(f"{file}: its first line is to say what measured it, after '# '")
    rows = list(csv.reader(lines))
    columns = zip(*rows[1:], strict=True)
    sides = ["--:" if all(map(is_number, filter(None, column))) else "---" for column in columns]
    shown = [rows[0], sides, *rows[1:]]
    text = "".join(f"| {' | '.join(row)} |\n" for row in shown)
    return f"{text}\n[Data]({file}): {first[2:]}.\n"


def page(text: str) -> str:
    """Return a page with its tables as the files have them now."""
    return PLACE.sub(lambda found: f"<!-- {found[1]} -->\n{table(found[1])}<!-- end -->\n", text)


def main(arguments: list[str]) -> int:
    """Write the tables of all pages, or check them, and name those that were old."""
    old = [path for path in sorted(HERE.glob("*.md")) if page(path.read_text()) != path.read_text()]
    for path in old:
        print(f"{path}: its tables are not those of docs/data: python docs/tables.py")
        if arguments != ["--check"]:
            path.write_text(page(path.read_text()))
    return int(bool(old) and arguments == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
