"""What it takes to repeat a comparison: commands, versions, hashes."""

import json
import shlex
import sys
from importlib.metadata import version
from typing import NamedTuple

import coordrl
from coordrl.compare.comparing.results import Comparison
from coordrl.compare.writing.page.plotly import plotly_version

# Facts that differ between more runs than this (dates, commands) are counted, not listed.
_LISTED_VALUES = 4
_PACKAGES = ("numpy", "scipy", "matplotlib")


class Step(NamedTuple):
    """One thing to do, in words, and the command for it or the file's text."""

    what: str
    code: str


def steps(comparison: Comparison) -> list[Step]:
    """Return how to make the runs again, as far as a study recorded it, and this page."""
    declared, found = comparison.declared, []
    folder = shlex.quote(declared.arguments[0])
    commits = list(comparison.provenance.get("git.commit", ()))
    if len(commits) == 1:
        found.append(
            Step("In a clone of the repository, take its commit", f"git checkout {commits[0]}")
        )
    if declared.config is not None:
        # JSON is YAML, too.
        found.append(Step("Save the study as study.yaml", json.dumps(declared.config, indent=2)))
        command = f"python -m agents.study study.yaml --log-folder {folder}"
        found.append(Step("Run it; it ends with this comparison", command))
    command = shlex.join(
        ["python", "-m", "coordrl.compare", *declared.arguments, "--baseline", comparison.baseline]
    )
    return [*found, Step("Compare the folder again, with the options of this time", command)]


def provenance(comparison: Comparison) -> list[tuple[str, str]]:
    """Return what the runs, and this page, were made with: a name and a value each."""
    rows = []
    for name, counts in comparison.provenance.items():
        if len(counts) > _LISTED_VALUES:
            rows.append((name, f"{len(counts)} different values, see each run.json"))
        elif len(counts) == 1:
            rows.append((name, next(iter(counts))))
        else:
            rows.append((name, "; ".join(f"{value} ({n} runs)" for value, n in counts.items())))
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    packages = [f"{name} {version(name)}" for name in _PACKAGES]
    own = [f"coordrl {coordrl.__version__}", python, *packages, f"plotly.js {plotly_version()}"]
    return [*rows, ("this page", ", ".join(own))]
