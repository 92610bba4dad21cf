import json
import re

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.page.repeat import provenance, steps

SCORES = {("Pong", "a2c", "standard"): [1.0, 2.0]}


def test_a_study_can_be_run_again(study, write_run):
    written = study(SCORES, config={"env": ["Pong"]})
    folder = written.rename(written.with_name("my study"))
    for seed in range(2):
        commit = {"git": {"commit": "0123abc", "dirty": False}}
        write_run(folder, "Pong", "a2c", "standard", seed, 1.0, provenance=commit)
    checkout, save, run, again = steps(compare(read_study(folder)))
    assert checkout.code == "git checkout 0123abc"
    assert json.loads(save.code) == {"env": ["Pong"]}
    assert run.code == "python -m agents.study study.yaml --log-folder 'my study'"
    assert again.code == "python -m coordrl.compare 'my study' --baseline standard"


def test_other_runs_can_be_compared_again(tmp_path, write_run):
    write_run(tmp_path / "runs", "Pong", "a2c", "standard", 0, 1.0, provenance=None)
    (again,) = steps(compare(read_study(tmp_path / "runs")))
    assert again.code == "python -m coordrl.compare runs --baseline standard"


def test_facts_that_differ(study, write_run):
    folder = study(SCORES)
    write_run(folder, "Pong", "a2c", "standard", 1, 1.0, provenance={"git_commit": "f00"})
    facts = dict(provenance(compare(read_study(folder))))
    assert facts["git_commit"] == "0123abc (1 runs); f00 (1 runs)"
    assert facts["versions.torch"] == "2.13.0"
    assert re.search(r"plotly\.js \d+\.\d+\.\d+$", facts["this page"])
