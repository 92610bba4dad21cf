"""What pages have: data behind their tables, meanings of their words, links to each other."""

import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.glob("*.md"))
OUTSIDE = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
READ = [*OUTSIDE, REPOSITORY / "runs" / "README.md", *PAGES]

# Tables

OWN_DATA = {"statistics.md", "statistics_tables.md"}
"""Pages whose tables other commands keep."""
FINDINGS = re.compile(r"<!-- findings: .*?<!-- findings: end -->", re.DOTALL)
"""What `make findings` writes."""


@cache
def tables() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "tables.py"))


def cells(table: str) -> list[str]:
    """Return what stands below a table's head and beside its first column."""
    rows = [line.strip().strip("|").split("|") for line in table.splitlines()]
    return [cell.strip() for row in rows[2:] for cell in row[1:]]


@pytest.mark.parametrize("path", READ, ids=str)
def test_tables_of_numbers_come_from_data_files(path: Path) -> None:
    text = FINDINGS.sub("", tables()["PLACE"].sub("", path.read_text()))
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        numbers = [cell for cell in cells(table) if tables()["is_number"](cell)]
        assert len(numbers) < len(cells(table)) / 2 or path.name in OWN_DATA, table


def test_pages_show_what_the_data_files_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert tables()["main"](["--check"]) == 0, capsys.readouterr().out


def test_every_data_file_is_shown_and_says_what_measured_it() -> None:
    files = sorted((DOCS / "data").glob("*.csv"))
    shown = {file for page in PAGES for file in re.findall(tables()["PLACE"], page.read_text())}
    assert {f"data/{file.name}" for file in files} == shown
    for file in files:
        assert re.match(r"# `python .+`.*, 20\d\d-\d\d-\d\d\n", file.read_text()), file


# Words

GLOSSARY = (DOCS / "glossary.md").read_text()
COINED = re.findall(r"^### (.+)", GLOSSARY.partition("\n## Words of the field")[0], re.MULTILINE)
EXPLAINED_BY_THEMSELVES = {
    "glossary.md",
    # What commands print, docstrings, what has changed.
    *("api.md", "changes.md", "commands.md"),
    # These define the words of the statistics in full.
    *("statistics.md", "statistics_tables.md"),
}
ORDINARY = {
    "not_so_clevr.md": {"cell", "margin"},  # of the grid; a setting
    "paper.md": {"cell", "verdict"},  # of a grid; on the paper's claims
    "SECURITY.md": {"cell"},  # of a table
    "evaluation.md": {"window"},  # on a screen
    "faq.md": {"window"},  # the system
    "findings.md": {"baseline"},  # OpenAI's
    "position.md": {"look", "window"},  # to look at; what a convolution sees
    "studies.md": {"mark"},  # to mark
    "CONTRIBUTING.md": {"look"},
    "cluster.md": {"look"},
    "layers.md": {"look"},
    "start.md": {"look"},
}
"""Words that mean something else on a page."""


def prose(text: str) -> str:
    """Return what is read: no code, headings, comments, pictures or addresses of other links.

    Nor what `make findings` writes, the words of reports.
    """
    text = FINDINGS.sub("", text)
    text = re.sub(r"^```.*?^```|<!--.*?-->|^#.*?$|!\[.*?\]\(.*?\)", "", text, flags=re.S | re.M)
    text = re.sub(r"\]\([^)#]*\)", "]", text)
    return re.sub(r"`[^`]*`", "", text)


def is_explained(term: str, text: str) -> bool:
    """Tell whether a word's first use is a link to what explains it, or explained in brackets."""
    words = rf"{re.escape(term)}s?"
    found = re.search(rf"(?<![\w-]){words}(?![\w-])", text, re.IGNORECASE)
    if found is None:
        return True
    anchor = term.replace(" ", "-")
    linked = rf"\[[^\]]*\]\([^)#]*#[\w-]*{anchor}s?\)|\*+{words}\*+[ :,]*\("
    return any(
        place.start() <= found.start() < place.end()
        for place in re.finditer(linked, text, re.IGNORECASE)
    )


@pytest.mark.parametrize(
    "path",
    [path for path in READ if path.name not in EXPLAINED_BY_THEMSELVES],
    ids=str,
)
def test_words_of_this_project_are_explained_where_a_page_first_uses_them(path: Path) -> None:
    text = prose(path.read_text())
    terms = [term for term in COINED if term not in ORDINARY.get(path.name, ())]
    assert [term for term in terms if not is_explained(term, text)] == []


def test_the_readme_has_at_most_600_words() -> None:
    text = (REPOSITORY / "README.md").read_text()
    words = [part for part in re.sub(r"<!--.*?-->", "", text).split() if re.search(r"\w", part)]
    assert len(words) <= 600


def test_the_check_of_words_finds_them() -> None:
    assert {"arm", "cell", "margin", "mark", "matched", "window", "look"} <= set(COINED)
    for text in ("Two arms.", "Two *arms*.", "An `arm`: Arm x", "[arms](glossary.md#cell)"):
        assert not is_explained("arm", prose(text))
    for text in ("[Arms](glossary.md#arm)", "*arm* (a network)", "`arm`", "harm", "[x](arm.md)"):
        assert is_explained("arm", prose(text))


# Links


@cache
def links() -> dict[str, set[str]]:
    """Find the pages that each page's text links to."""
    include = {f"../{name}": page.name for page in PAGES for name in included(page)}
    found = {}
    for page in PAGES:
        text = page.read_text() + "".join(
            (REPOSITORY / name).read_text() for name in included(page)
        )
        targets = re.findall(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)[^)]*\)", text)
        names = {include.get(target, target.removeprefix("../docs/")) for target in targets}
        names |= {name.removeprefix("docs/") for name in names}
        found[page.name] = {name for name in names if (DOCS / name).is_file()} - {page.name}
    return found


def included(page: Path) -> list[str]:
    return re.findall(r"^```\{include\} \.\./(\S+)", page.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_pages_link_to_others_and_are_linked_by_others(name: str) -> None:
    markdown = {target for target in links()[name] if target.endswith(".md")}
    assert markdown
    others = [page for page, targets in links().items() if name in targets and page != "index.md"]
    assert others or name == "index.md"
