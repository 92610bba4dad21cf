"""What README and docs/findings.md say follows from the records, and no verdict from a part."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from agents.run.folder import RunFolder
from agents.study.findings import command, follow_up
from agents.study.findings.control import control
from agents.study.findings.pages import progress
from agents.study.findings.public import points
from agents.study.findings.records import STUDIES, read_records
from agents.study.findings.results import FIGURE
from agents.verify import first_fingerprint
from common.command_line import BAD_INPUT, run_command

COMMITTED = command.REPOSITORY / "runs" / "reference" / "atari"
#: Timesteps after which PPO looks whether a mark has been passed; more than A2C's.
ROLLOUT = 8 * 128


def told(root: Path) -> str:
    return "\n".join((root / page).read_text() for page in command.PAGES)


# The committed records


def test_the_pages_say_what_the_committed_records_say() -> None:
    assert command.main(["--check"]) == 0


def test_every_committed_run_can_be_repeated() -> None:
    folders = [RunFolder(file.parent) for file in COMMITTED.rglob("run.json")]
    assert folders
    for folder in folders:
        assert folder.finished
        later = first_fingerprint(folder) - min(100_000, folder.config.n_timesteps)
        assert 0 <= later < ROLLOUT


def test_public_curves_stand_beside_the_committed_ones() -> None:
    record = read_records(COMMITTED)[0]
    point = next(p for p in points(record) if (p.game, p.timestep) == ("Seaquest", 200_000))
    returns = []
    for name in ("seed-100", "seed-101", "seed-102"):
        with (COMMITTED / "a2c/Seaquest/a2c/standard" / name / "episodes.csv").open() as file:
            games = [(int(row["timestep"]), float(row["return"])) for row in csv.DictReader(file)]
        returns.append(np.mean([value for end, value in games if 100_000 < end <= 200_000]))
    assert point.runs[:3] == pytest.approx(returns)
    expected = stats.t.interval(0.95, len(point.runs) - 1, point.mean, np.std(point.runs, ddof=1))
    spread = np.sqrt(1 + 1 / len(point.runs))
    assert point.one_more_run is not None
    assert point.one_more_run.high - point.mean == pytest.approx(
        (expected[1] - point.mean) * spread
    )
    assert point.public["rl-trained-agents"] == 199.225
    assert point.public["openai-baselines"] == pytest.approx(298.77, abs=0.01)


def test_the_committed_standard_runs_are_rarely_called_different_from_themselves() -> None:
    whole = 0
    for record in read_records(COMMITTED):
        for group, arm in record.baselines():
            if len(arm.seeds) == len(record.study.seeds):
                counts = control(record.read, arm, group.random_score)
                assert counts.total() == 70
                assert counts["better"] + counts["worse"] <= 0.05 * counts.total()
                whole += 1
    assert whole >= 2


# Before all runs have ended


def generated(root: Path) -> str:
    return " ".join(re.findall(r"<!-- findings: (.*?)<!-- findings: end", told(root), re.DOTALL))


def test_without_all_runs_there_is_no_verdict(root: Path, all_runs: Path) -> None:
    folder = root / "runs" / "reference" / "atari"
    shutil.copytree(all_runs, folder)
    shutil.rmtree(folder / "ppo" / "Qbert" / "ppo" / "coord" / "seed-103")
    shutil.rmtree(folder / "a2c" / "Seaquest" / "a2c" / "coord" / "seed-100")
    assert command.main([], root) == 0
    text = generated(root)
    assert (
        text.count("110 of 112 runs have finished; a study is judged when all of its own have") == 2
    )
    assert not (root / "docs" / "images" / "findings.png").exists()
    assert not list(folder.rglob("comparison"))
    assert "| PPO | Qbert | 15 | 16 |" in text
    assert not re.search(r"better|worse|negligible|inconclusive|comparisons with", text)


@pytest.mark.slow
def test_a_study_that_has_ended_does_not_wait_for_the_other(root: Path, all_runs: Path) -> None:
    folder = root / "runs" / "reference" / "atari"
    shutil.copytree(all_runs, folder)
    shutil.rmtree(folder / "ppo" / "Qbert" / "ppo" / "coord" / "seed-103")
    assert command.main([], root) == 0
    text = generated(root)
    assert "(`standard`) in 1 of 2 comparisons so far (" in text
    assert re.search(r"and\nslower in 1 \(A2C, \w+\)\. PPO: 79", text)
    assert "PPO: 79 of 80 runs have finished; a study is judged when" in text
    assert "PPO: they stand here when all runs have ended." in text
    assert not re.search(r"^\| PPO .*(better|worse|inconclusive)", text, re.MULTILINE)
    assert (root / "docs" / "images" / "findings.png").exists()
    assert (folder / "a2c" / "comparison" / "report.html").exists()
    assert not (folder / "ppo" / "comparison").exists()
    assert command.main(["--check"], root) == 0


def test_without_any_run_there_is_a_page(root: Path) -> None:
    assert command.main([], root) == 0
    assert "0 of 112 runs have finished" in told(root)


def test_a_run_that_fails_for_good_is_named(root: Path, all_runs: Path) -> None:
    folder = root / "runs" / "reference" / "atari"
    shutil.copytree(all_runs, folder)
    failed = RunFolder(folder / "ppo" / "Qbert" / "ppo" / "coord" / "seed-103")
    failed.update(status="failed", error="out of luck", score=None)
    records = read_records(folder)
    assert all(record.complete for record in records)
    [reason] = records[1].given_up
    assert reason.startswith("atari-ppo/Qbert/ppo/coord/seed-103: failed")
    assert reason in progress(records)


# Once all have


@pytest.mark.slow
def test_all_runs_give_the_answer(
    root: Path, all_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = root / "runs" / "reference" / "atari"
    shutil.copytree(all_runs, folder)
    assert command.main([], root) == 0
    readme = (root / "README.md").read_text()
    assert re.search(
        r"in 2 of 7 comparisons \(A2C, \w+; PPO, \w+\), and\n"
        r"slower in 2 \(A2C, \w+; PPO, \w+\); inconclusive in 3\.",
        readme,
    )
    assert len(re.findall(r"^\| (A2C|PPO), \w+ \|.*(better|worse|inconclusive)", readme, re.M)) == 7
    page = (root / "docs" / "findings.md").read_text()
    assert "--env Seaquest MsPacman --arms standard coord constant fixed-code coord-zero" in page
    assert "| PPO | Qbert | 70 | 2.9% | 0.0% |\n" in page
    with Image.open(root / "docs" / "images" / "findings.png") as figure:
        assert min(figure.size) > 700
    for part in STUDIES.values():
        assert (folder / part / "comparison" / "report.html").exists()
    assert command.main(["--check"], root) == 0
    events = sorted((folder / "a2c" / "comparison" / "tensorboard").rglob("events*"))
    assert command.main([], root) == 0
    assert events == sorted((folder / "a2c" / "comparison" / "tensorboard").rglob("events*"))

    # Another number in a page, a figure that is gone, and runs of which nothing has been told.
    (root / "README.md").write_text(readme.replace("slower in 2", "slower in 1"))
    (root / "docs" / "images" / "findings.png").unlink()
    games = folder / "ppo" / "Seaquest" / "ppo" / "coord" / "seed-100" / "episodes.csv"
    games.write_text(games.read_text().replace("\n2000,", "\n1000,1.0,0,9,9\n2000,"))
    assert command.main(["--check"], root) == command.DIFFERENT
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("README.md, docs/findings.md, docs/images/findings.png, runs/")
    assert line.endswith("make findings")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"a": [1.0 + 1e-14, None], "b": "x"}, True),
        ({"a": [1.0 + 1e-6, None], "b": "x"}, False),
        ({"a": [1.0], "b": "x"}, False),
        ({"a": [1.0, None], "b": "y"}, False),
        ({"a": [1.0, 0.0], "b": "x"}, False),
        ({"a": [1.0, None]}, False),
    ],
)
def test_numbers_of_a_comparison_are_the_same_but_for_last_digits(
    other: dict[str, object], same: bool
) -> None:
    assert command.same({"a": [1.0, None], "b": "x"}, other) == same


def test_a_number_that_the_records_do_not_give_is_found(tmp_path: Path) -> None:
    shutil.copytree(COMMITTED, tmp_path / "runs" / "reference" / "atari")
    for name in (*command.PAGES, f"docs/{FIGURE}", f"docs/{follow_up.FIGURE}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(command.REPOSITORY / name, tmp_path / name)
    assert command.main(["--check"], tmp_path) == 0
    [file, *_] = sorted(tmp_path.rglob("comparison.json"))
    text = file.read_text()
    file.write_text(text.replace('"difference": -8.9', '"difference": -7.9', 1))
    assert file.read_text() != text
    assert command.main(["--check"], tmp_path) == command.DIFFERENT
    file.write_text(text)
    file.with_name("report.html").unlink()
    assert command.main(["--check"], tmp_path) == command.DIFFERENT


def test_the_figure_has_a_panel_for_each_game_and_algorithm(all_runs: Path) -> None:
    panels = command.curves(read_records(all_runs)).axes
    assert [axes.get_title() for axes in panels] == [
        *("Seaquest, A2C", "MsPacman, A2C", "Seaquest, PPO", "MsPacman, PPO"),
        *("Qbert, PPO", "RoadRunner, PPO", "Breakout, PPO"),
    ]
    for axes in panels:
        assert {"standard", "coord"} <= {str(line.get_label()) for line in axes.lines}
        assert len(axes.collections) == 2  # bands


def test_records_of_another_declaration_are_refused(
    root: Path, all_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = root / "runs" / "reference" / "atari"
    shutil.copytree(all_runs, folder)
    file = folder / "a2c" / "study.json"
    record = json.loads(file.read_text())
    record["comparison"]["margin"] = 0.01
    file.write_text(json.dumps(record))
    assert run_command(lambda argv: command.main(argv, root), ["--check"]) == BAD_INPUT
    assert "a2c/study.json says something else than was registered" in capsys.readouterr().err


def test_a_page_without_a_place_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "README.md").write_text("nothing")
    assert run_command(lambda argv: command.main(argv, root), []) == BAD_INPUT
    assert "answer" in capsys.readouterr().err
