"""A study may declare that it compares its evaluations; then the games of training do not count."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coordrl.compare import CompareError, compare_runs
from coordrl.compare.command import main
from coordrl.compare.reading.declared import declaration_hash, declared_values
from coordrl.compare.reading.study import Request, read_study
from tests.compare.run_folders import VERDICTS, write_study

BASE, BETTER = VERDICTS["Better"]
WORSE = BASE[::-1]
"""What coord scores in training; in evaluations it is better."""
RUN = "Pong/ppo/coord/seed-1"


def write_evaluations(run: Path, score: float) -> None:
    """Write evaluations at four timesteps, of three games each, the last averaging `score`."""
    results = np.array([-3.0, -2.0, -1.0, 0.0])[:, None] + score + np.array([-1.0, 0.0, 1.0])
    timesteps = [2500, 5000, 7500, 10_000]
    np.savez(run / "evaluations.npz", timesteps=timesteps, results=results)


def declare(folder: Path, **comparison: Any) -> None:
    record = json.loads((folder / "study.json").read_text())
    record["comparison"] |= comparison
    (folder / "study.json").write_text(json.dumps(record))


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    arms = {"standard": BASE, "coord": WORSE}
    folder = write_study(tmp_path, {("Pong", "ppo", arm): arms[arm] for arm in arms})
    for arm, scores in (("standard", BASE), ("coord", BETTER)):
        for seed, score in enumerate(scores):
            write_evaluations(folder / f"Pong/ppo/{arm}/seed-{seed}", score)
    declare(folder, source="evaluations")
    return folder


def test_scores_are_of_the_last_evaluation(evaluated: Path) -> None:
    study = read_study(evaluated)
    assert study.declared.source == "evaluations"
    assert [run.score.mean for run in study.runs] == pytest.approx([*BASE, *BETTER])
    assert {run.score.games for run in study.runs} == {3}
    assert {run.points for run in study.runs} == {"games of evaluations"}
    assert all(run.wall_seconds is None and run.timing is not None for run in study.runs)
    assert [run.notes for run in study.runs] == [()] * 10  # what run.json scored is something else
    [note] = study.notes
    assert note.startswith("the numbers compared are games of evaluations: ")


def test_verdicts_follow_and_every_output_says_so(evaluated: Path) -> None:
    [found] = compare_runs(evaluated).groups[0].contrasts
    assert found.verdict == "better"
    output = evaluated / "comparison"
    of_scores = "mean return of the games of evaluations in the last 10 % of a run"
    assert of_scores in (output / "comparison.md").read_text()
    page = (output / "report.html").read_text()
    assert "Curves and scores are means of games of evaluations, not of those of training." in page
    assert "The mean return of the games of evaluations in the last 10 %" in page
    assert '"points":"return of a game of evaluations"' in page
    assert "games that ended" not in page
    assert "return of a game of evaluations" in (output / "curves_Pong_ppo.svg").read_text()
    assert json.loads((output / "comparison.json").read_text())["plan"]["source"] == "evaluations"


@pytest.mark.parametrize("source", [None, "runs"])
def test_without_it_the_games_of_training_are_compared(evaluated: Path, source: str | None) -> None:
    declare(evaluated, **({} if source is None else {"source": source}))
    if source is None:
        record = json.loads((evaluated / "study.json").read_text())
        del record["comparison"]["source"]
        (evaluated / "study.json").write_text(json.dumps(record))
    study = read_study(evaluated)
    assert [run.score.mean for run in study.runs] == pytest.approx([*BASE, *WORSE])
    assert {run.points for run in study.runs} == {"whole games"}
    assert study.notes == ()


def test_the_games_of_training_can_be_asked_for_all_the_same(evaluated: Path) -> None:
    study = read_study(evaluated, request=Request(source="runs"))
    assert [run.score.mean for run in study.runs] == pytest.approx([*BASE, *WORSE])
    assert study.declared.source == "runs"
    [note] = study.notes
    assert note.startswith("the study declared that it compares evaluations: ")


def test_other_logs_are_read_as_ever(evaluated: Path) -> None:
    pattern = "{game}/{algorithm}/{arm}/seed-{seed}"
    study = read_study(evaluated, request=Request(source="evaluations", pattern=pattern))
    assert [run.score.mean for run in study.runs] == pytest.approx([*BETTER, *BASE])
    assert study.declared.runs == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "evaluations.npz is missing"),
        (b"", "evaluations.npz is not readable"),
        (b"PK\3\4" + bytes(100), "evaluations.npz is not readable"),
    ],
)
def test_a_run_without_them_is_missing(
    evaluated: Path, content: bytes | None, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = evaluated / RUN / "evaluations.npz"
    file.unlink() if content is None else file.write_bytes(content)
    study = read_study(evaluated)
    assert len(study.runs) == 9
    [missing] = study.missing
    assert (missing.name, missing.given_up) == (RUN, True)
    assert missing.reason.startswith(reason)
    assert main([str(evaluated)]) == 0
    assert reason in " ".join(capsys.readouterr().out.split())


def test_evaluations_that_end_too_early_make_no_score(evaluated: Path) -> None:
    file = evaluated / RUN / "evaluations.npz"
    np.savez(file, timesteps=[2500, 9000], results=np.ones((2, 3)))
    [missing] = read_study(evaluated).missing
    assert missing.reason == (
        "finished, but none of its 6 games of evaluations ended in its last 10 %"
    )


def test_what_random_play_scores_is_that_of_the_games_compared(evaluated: Path) -> None:
    for path in evaluated.rglob("run.json"):
        record = json.loads(path.read_text()) | {"eval_reference_scores": {"random": -10.0}}
        path.write_text(json.dumps(record))
    assert {run.reference_scores["random"] for run in read_study(evaluated).runs} == {-10.0}  # type: ignore[index]
    training = read_study(evaluated, request=Request(source="runs"))
    assert {run.reference_scores["random"] for run in training.runs} == {-20.7}  # type: ignore[index]


@pytest.mark.parametrize("word", ["luck", ["runs"], None, 1])
def test_an_unknown_source_is_refused(
    evaluated: Path, word: object, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(evaluated, source=word)
    assert main([str(evaluated)]) == 2
    error = capsys.readouterr().err
    assert '"source" must be "runs" or "evaluations", not ' in error
    assert error.count("\n") == 1


def test_studies_of_two_sources_are_not_mixed(evaluated: Path, tmp_path: Path) -> None:
    other = write_study(tmp_path / "other", {("Pong", "ppo", "constant"): BASE})
    with pytest.raises(CompareError, match=r"different comparisons \(.*, source\)"):
        read_study(evaluated, other)


def test_it_is_declared_and_the_default_is_not() -> None:
    comparison = {"baseline": "standard", "margin": 0.1}
    silent, stated, other = (
        declaration_hash(declared_values({"comparison": {**comparison, **more}, "runs": []}))
        for more in ({}, {"source": "runs"}, {"source": "evaluations"})
    )
    assert silent == stated != other
