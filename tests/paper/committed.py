"""Committed verdicts: computed again from the committed trainings, and told by the docs."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from paper.experiments import REFERENCE
from paper.reproduction import Planned
from paper.results import Result
from paper.study import Run, Summary


def check_verdicts(
    name: str, planned: Sequence[Planned], summary: Summary, told: str
) -> Sequence[Run]:
    """Check that what is recorded follows from the trainings, and that docs/paper.md has it.

    :param name: the experiment's
    :param told: how the page puts both means of a comparison, with ``{}`` for each
    :return: the trainings
    """
    found = json.loads((REFERENCE / name / "results.json").read_text())
    assert [one["command"] for one in found["trainings"]] == [one.command for one in planned]
    runs = [
        Run(
            one,
            Result(one.expected["setting"], scores["data"], {}, 1, scores, [], 0.0, "", {}),
            Path(),
        )
        for one, scores in zip(planned, found["trainings"], strict=True)
    ]
    computed = summary.comparisons(runs)
    assert summary.claim(computed) == found["claim"]
    text = " ".join((REFERENCE.parents[1] / "docs" / "paper.md").read_text().split())
    assert f"**What was found**: {found['claim']}." in text
    for comparison, recorded in zip(computed, found["comparisons"], strict=True):
        assert comparison.verdict == recorded["verdict"]
        assert comparison.p == pytest.approx(recorded["p"])
        assert comparison.p_equivalence == pytest.approx(recorded["p_equivalence"])
        assert told.format(*map(summary.TABLE.score, comparison.means)) in text
    return runs
