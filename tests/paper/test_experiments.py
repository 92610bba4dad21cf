import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from paper.__main__ import main
from paper.experiments import EXPERIMENTS, Experiment


def test_every_experiment_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    folders = {path.parent.name for path in Path(__file__).parents[2].glob("paper/*/__main__.py")}
    assert {one.name for one in EXPERIMENTS} == folders
    for name in folders:
        assert f"python -m paper.{name} reproduce\n" in printed
        assert find_spec(f"paper.{name}.__main__") is not None
    assert "every place right, training and test, in 0 of 16 plain networks and " in printed


def test_what_was_found_is_read_from_the_results(tmp_path: Path) -> None:
    experiment = Experiment("some", "a claim", "an hour", lambda values: f"{values['claim']}!")
    assert list(experiment.lines(tmp_path))[-1] == "  found:     not run yet"
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "results.json").write_text(json.dumps({"claim": "reproduced"}))
    assert list(experiment.lines(tmp_path))[-1] == "  found:     reproduced!"
