"""Committed verdicts: computed again from the committed trainings, and told by the docs."""

from collections.abc import Sequence
from typing import Any

import pytest

from coordrl.compare.statistics.families import Comparison
from paper.experiments import REFERENCE
from paper.tables import score


def check_verdicts(found: dict[str, Any], computed: Sequence[Comparison], told: str) -> None:
    """Check that comparisons are those of ``results.json``, and that docs/paper.md has them.

    :param told: how it puts both means, with ``{}`` for each
    """
    text = " ".join((REFERENCE.parents[1] / "docs" / "paper.md").read_text().split())
    assert f"**What was found**: {found['claim']}." in text
    for one, recorded in zip(computed, found["comparisons"], strict=True):
        assert one.verdict == recorded["verdict"]
        assert one.p == pytest.approx(recorded["p"])
        assert told.format(*map(score, one.means)) in text
