import json
import shutil
import subprocess
import sys

import pytest

from coordrl.compare import compare_runs
from coordrl.compare.command import main

FILES = {"report.html", "comparison.json", "comparison.csv", "comparison.md"}


def figures(*stems):
    return {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")}


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_what_is_written(written):
    _, folder, printed = written
    stems = ["aggregates_ppo", "curves_ppo", "scores_ppo", "differences"]
    drawn = figures(*stems, *(f"curves_{game}_ppo" for game in GAMES))
    assert names(folder) == FILES | drawn | {"tensorboard"}
    assert f"report: {folder / 'report.html'}" in printed


GAMES = ("Better", "Worse", "Negligible", "Equivalent", "Inconclusive", "Uninformative")


def test_the_same_runs_give_the_same_bytes(written, verdict_study, tmp_path):
    _, first, _ = written
    compare_runs(verdict_study, output=tmp_path / "again")
    for name in (
        "comparison.json",
        "comparison.csv",
        "report.html",
        "scores_ppo.svg",
        "differences.png",
    ):
        assert (tmp_path / "again" / name).read_bytes() == (first / name).read_bytes(), name


def test_comparison_json(written):
    comparison, folder, _ = written
    record = json.loads((folder / "comparison.json").read_text())
    assert (record["format"], record["baseline"], record["family"]) == (1, "standard", 6)
    assert record["headline"] == comparison.headline
    assert list(record)[:3] == ["format", "plan", "baseline"]
    assert record["plan"]["runs"] == list(comparison.declared.runs)
    for written_group, group in zip(record["groups"], comparison.groups, strict=True):
        (found,) = written_group["contrasts"]
        assert found["verdict"] == group.game.lower()
        assert found["interval"] == group.contrasts[0].interval._asdict()
        curve = written_group["arms"][1]["curve"]
        assert curve["mean"][-1] == pytest.approx(group.arms[1].mean)
        assert curve["mean"][0] is None  # no game has ended by then


def test_a_second_comparison_replaces_the_first(study, write_run):
    scores = {(game, "a2c", "standard"): [1.0] for game in ("Pong", "Qbert")}
    folder = study(scores)
    compare_runs(folder)
    compare_runs(study(scores, runs=["Pong/a2c/standard/seed-0"]))
    drawn = figures("curves_Pong_a2c", "scores_a2c")
    assert names(folder / "comparison") == FILES | drawn | {"tensorboard"}
    assert len(list((folder / "comparison/tensorboard/standard").iterdir())) == 1
    assert "Qbert/a2c/standard/seed-0" in (folder / "comparison/report.html").read_text()


def test_an_interrupted_comparison_can_be_repeated(study):
    folder = study({("Pong", "a2c", "standard"): [1.0]})
    (folder / "comparison" / ".writing-abc").mkdir(parents=True)
    compare_runs(folder)
    assert (folder / "comparison" / "report.html").exists()


def test_the_command_line(study, tmp_path):
    folder = study({("Pong", "a2c", arm): [1.0, 2.0] for arm in ("standard", "coord")})
    done = subprocess.run(
        [sys.executable, "-m", "coordrl.compare", folder, "--output", tmp_path / "there"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "this decides nothing" in " ".join(done.stdout.split())
    assert (tmp_path / "there" / "report.html").exists()
    assert not (folder / "comparison").exists()


def test_logs_on_the_command_line(sb3_logs, tmp_path, capsys):
    options = [
        "--pattern",
        "{arm}/seed-{seed}",
        "--source",
        "progress",
        "--tag",
        "eval/mean_reward",
    ]
    assert main([str(sb3_logs), *options, "--output", str(tmp_path / "out")]) == 0
    assert "numbers compared are eval/mean_reward as logged" in capsys.readouterr().out
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert record["groups"][0]["points"] == "eval/mean_reward as logged"


def test_several_folders_are_compared_as_one(tmp_path, write_run, monkeypatch):
    for arm in ("standard", "coord"):
        for seed in (0, 1):
            write_run(tmp_path / arm, "Pong", "a2c", arm, seed, 12.0 + seed)
    monkeypatch.chdir(tmp_path)
    assert compare_runs("standard", "coord").arms == ("standard", "coord")
    assert (tmp_path / "comparison" / "report.html").exists()


def test_an_earlier_comparison_is_not_read_as_a_log(sb3_logs, tmp_path):
    root = tmp_path / "logs"
    shutil.copytree(sb3_logs, root)
    for _ in range(2):
        found = compare_runs(root, source="events", pattern="{arm}/seed-{seed}")
        assert found.missing == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/nowhere"], "is not a folder"),
        (["{tmp}"], "holds no run.json"),
        (["{study}", "--baseline", "foo"], "no arm is called 'foo'"),
        (["{study}", "--output", "{study}/study.json"], "is a file"),
        (["{study}", "--output", "{study}"], "holds other files"),
        (["{study}", "--margin", "3"], "unrecognized arguments: --margin 3"),
        (["{study}", "--source", "foo"], "invalid choice: 'foo'"),
        (["{study}", "--pattern", "{{game}}"], "must name {arm}"),
        (["{study}", "--source", "runs", "--tag", "a"], "a tag chooses a curve of"),
        (["plan", "{tmp}/nowhere"], "is not a folder"),
        ([], "the following arguments are required: PATH"),
    ],
)
def test_bad_input_is_one_line_and_code_2(study, tmp_path, capsys, arguments, message):
    folder = study({("Pong", "a2c", "standard"): [1.0]})
    (tmp_path / "empty").mkdir()
    filled = [text.format(tmp=tmp_path / "empty", study=folder) for text in arguments]
    try:
        code = main(filled)
    except SystemExit as stop:  # argparse's own way out
        code = stop.code
    printed = capsys.readouterr()
    assert code == 2
    assert printed.err.startswith("error: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert (folder / "study.json").exists()
