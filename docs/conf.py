"""Builds the site: ``make docs``. Offline, and every warning is an error."""

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

from coordrl import __version__

HERE = Path(__file__).parent

project = "coordrl"
author = "the coordrl developers"
copyright = "2026, the coordrl developers"  # noqa: A001  Sphinx's name for it
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinxcontrib.programoutput",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures say them
python_use_unqualified_type_names = True
html_theme = "furo"
html_title = "coordrl"
html_show_sphinx = False
# `python` in the pages' commands is the one that builds them, and lines are as wide as a page.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ["COLUMNS"] = "92"

PAGES = {
    "../CHANGELOG.md": "changes.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../SECURITY.md": "security.md",
    "../runs/README.md": "formats.md",
}
"""Files outside of docs/ that pages of the site include."""


def _links(app: Sphinx, name: str, source: list[str]) -> None:
    """Let links that lead out of docs/ lead to pages, files to be loaded down, or nowhere."""

    def elsewhere(found: re.Match[str]) -> str:
        text, target = found[1], found[2]
        if target in PAGES:
            return f"[{text}]({PAGES[target]})"
        return f"[{text}](path:{target})" if (HERE / target).is_file() else text

    source[0] = re.sub(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#]+)\)", elsewhere, source[0])


def setup(app: Sphinx) -> None:
    """Connect the above, as Sphinx asks an extension to."""
    app.connect("source-read", _links)
