"""What README and docs/findings.md say follows from the records, and no verdict from a part."""

import csv
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from agents.run.folder import RunFolder
from agents.study import command as study_command
from agents.study.config import parse_study, read_study_file
from agents.study.findings import command
from agents.study.findings.control import control
from agents.study.findings.follow_up import (
    CONTROLS,
    controls,
    read_follow_up,
    training,
    what_follows,
)
from agents.study.findings.pages import progress
from agents.study.findings.prices import CORES, cost_table, prices
from agents.study.findings.public import points
from agents.study.findings.records import STUDIES, Record, read_records
from agents.study.findings.reliance import reliance_table
from agents.study.findings.watching import watching_table
from agents.study.folder import expand, write_study
from agents.verify import first_fingerprint
from common.command_line import BAD_INPUT, run_command
from coordrl.compare.statistics.two_arms import Verdict

COMMITTED = command.REPOSITORY / "runs" / "reference" / "atari"
MINUS = "\N{MINUS SIGN}"
#: Timesteps after which PPO looks whether a mark has been passed; more than A2C's.
ROLLOUT = 8 * 128
#: How much more coord's games return, as a share of standard's.
GAINS = {"Seaquest": 1.0, "MsPacman": -0.9}
#: The same of its controls, as a share of coord's.
SHARES = {"coord": 1.0, "constant": 1.0, "fixed-code": 0.5, "coord-zero": 0.0}


def write_runs(folder: Path) -> None:
    """Write all runs of both studies."""
    for name, part in STUDIES.items():
        write_study_runs(name, folder / part)


def write_study_runs(name: str, folder: Path, **replaced: object) -> None:
    """Write all runs of a study, in the laboratory's own format, with returns made up."""
    generator = np.random.default_rng(0)
    study = parse_study({**read_study_file(Path(name)), **replaced}, name)
    parts = expand(name, study, folder, elsewhere=True)
    write_study(name, study, folder, parts)
    for job in parts[0].jobs:
        config = job.config
        gain = GAINS.get(config.env, 0.0) * SHARES.get(config.arm.name, 0.0)
        level = (200 + 40 * generator.standard_normal()) * (1 + gain)
        ends = range(2_000, config.n_timesteps + 1, 2_000)
        lines = [f"{t},{t / 400},0,{level + 500 * t / config.n_timesteps},900" for t in ends]
        header = "timestep,wall_seconds,env,return,length\n"
        (job.folder.path / "episodes.csv").write_text(header + "\n".join(lines) + "\n")
        seconds = config.n_timesteps * (0.002 if config.algo == "a2c" else 0.003)
        job.folder.update(
            status="finished",
            reference_scores={"random": 60.0, "human": 7_000.0},
            score={"mean": level + 475, "games": 10},
            timing={
                "wall_seconds": 2 * seconds,
                "cpu_seconds": seconds,
                "timesteps_per_second": 250.0,
            },
            provenance={
                "python": "3.11.7",
                "versions": {"torch": "2.13.0"},
                "git": None,
                "cpu": "AMD EPYC",
                "cpu_capability": "AVX2",
                "cores": 2,
            },
        )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a clone with its pages, and without any run."""
    (tmp_path / "docs" / "images").mkdir(parents=True)
    for page in command.PAGES:
        shutil.copy(command.REPOSITORY / page, tmp_path / page)
    return tmp_path


@pytest.fixture(scope="module")
def all_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the records of all runs."""
    folder = tmp_path_factory.mktemp("records")
    write_runs(folder)
    return folder


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
    for name in ("README.md", "docs/findings.md", "docs/images/findings.png"):
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


# The parts


def test_the_control_counts_each_split(all_runs: Path) -> None:
    """Of 70 splits of different numbers the two with the most extreme sums have p = 2/70."""
    record = read_records(all_runs)[1]
    group, arm = record.baselines()[0]
    verdicts = control(record.read, arm, group.random_score)
    assert (verdicts.total(), verdicts["better"], verdicts["worse"]) == (70, 1, 1)


def test_of_many_splits_some_are_drawn(all_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.study.findings.control.MOST_SPLITS", 60)
    record = read_records(all_runs)[1]
    group, arm = record.baselines()[0]
    drawn = control(record.read, arm, group.random_score)
    assert drawn.total() == 60
    assert drawn == control(record.read, arm, group.random_score)


def write_evaluation(run: Path, on: float, off: float, changed: float) -> None:
    game, algorithm, arm, _ = run.parts[-4:]
    evaluations = [
        {"deterministic": greedy, "coordinates": True, "mean": on + 1000 * greedy}
        | {"reliance": {"greedy_changed": changed + greedy, "kl": changed / 10}}
        | {"information": {"nats": changed + greedy}, "blind": {"mean": on / 2 + greedy}}
        for greedy in (True, False)
    ]
    evaluations += [{"deterministic": False, "coordinates": False, "mean": off, "reliance": None}]
    told = {"game": game, "algorithm": algorithm, "arm": arm, "evaluations": evaluations}
    (run / "evaluation.json").write_text(json.dumps(told))


def test_reliance_is_that_of_drawn_actions(all_runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "atari"
    shutil.copytree(all_runs, folder)
    cell = Path("Seaquest", "a2c", "coord")
    for seed, (on, off, changed) in {100: (200, 150, 0.5), 101: (300, 290, 0.7)}.items():
        write_evaluation(folder / "a2c" / cell / f"seed-{seed}", on, off, changed)
    records = read_records(folder)
    low, high = stats.t.interval(0.95, 1, -30, stats.sem([-50, -10]))
    [row] = reliance_table(records).splitlines()[2:]
    assert row.startswith("| A2C | Seaquest | coord | 2 | 0.50 to 0.70 | 0.06 ± ")
    assert f"-30.00 (-{-low:.1f} to +{high:.1f})" in row.replace(MINUS, "-")
    [row] = watching_table(records).splitlines()[2:]
    assert row.startswith("| A2C | Seaquest | coord | 2 | 0.60 ± ")
    assert "| 250.0 ± " in row
    assert "| 125.0 ± " in row
    assert f"| {MINUS}125.0 (" in row


def test_the_price_of_the_large_study(all_runs: Path) -> None:
    a2c, ppo = prices(read_records(all_runs))
    assert a2c.milliseconds == pytest.approx({"standard": 2.0, "coord": 2.0})
    assert a2c.runs == ppo.runs == 450
    assert ppo.hours == pytest.approx(450 * 10_000_000 * 0.003 / 3600)
    # On 320 cores, the 450 runs are two rounds.
    rounds = {2: 225, 16: 29, 320: 2}
    assert ppo.days == pytest.approx([rounds[c] * 30_000 / 86_400 for c in CORES])


def test_matched_runs_of_two_kinds_of_machine_are_counted(all_runs: Path, tmp_path: Path) -> None:
    shutil.copytree(all_runs, tmp_path, dirs_exist_ok=True)
    assert cost_table(read_records(tmp_path)).endswith("Machines: AMD EPYC AVX2 2 cores: 112 runs.")
    for run in ("standard/seed-100", "standard/seed-101", "coord/seed-101"):
        record = tmp_path / "a2c/Seaquest/a2c" / run / "run.json"
        record.write_text(record.read_text().replace("AVX2", "AVX512"))
    told = cost_table(read_records(tmp_path))
    assert "AMD EPYC AVX512 2 cores: 3 runs" in told
    assert told.endswith("Matched runs of different kinds: 1 of 56 pairs.")


def test_runs_that_were_interrupted_are_counted(all_runs: Path, tmp_path: Path) -> None:
    shutil.copytree(all_runs, tmp_path, dirs_exist_ok=True)
    assert "interrupted" not in cost_table(read_records(tmp_path))
    run = RunFolder(tmp_path / "a2c/Seaquest/a2c/coord/seed-100")
    row = {"timestep": 100_000, "exact": True, "changed_builds": []}
    run.update(resumptions=[row, row])
    told = cost_table(read_records(tmp_path))
    assert told.endswith("from a checkpoint (always exactly): 1 of 32 with A2C.")
    run.update(resumptions=[row, {**row, "exact": False}])
    assert "(of 1 of their resumptions the bits are not exact): 1 of 32" in cost_table(
        read_records(tmp_path)
    )


@pytest.fixture(scope="module")
def followed_up(all_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the records of all runs, PPO's follow-up among them."""
    folder = tmp_path_factory.mktemp("followed") / "atari"
    shutil.copytree(all_runs, folder)
    arms = ["standard", "coord", *CONTROLS]
    games = ["Seaquest", "MsPacman"]
    write_study_runs("atari-ppo", folder / "ppo-follow-up", env=games, arms=arms)
    return folder


def test_controls_are_told_by_the_rule(followed_up: Path) -> None:
    a2c, ppo = read_records(followed_up)
    assert read_follow_up(a2c) is None
    found = read_follow_up(ppo)
    assert found is not None
    assert {(one.group.game, one.arm.arm): one.shared for one in controls(found)} == {
        ("Seaquest", "constant"): "not told from either",
        ("Seaquest", "fixed-code"): "short of the gain",
        ("Seaquest", "coord-zero"): "short of the gain",
        ("MsPacman", "constant"): "fault shared",
        ("MsPacman", "fixed-code"): "fault shared in part",
        ("MsPacman", "coord-zero"): "free of the fault",
    }


@pytest.mark.parametrize(
    ("fault", "standard", "coord", "shared"),
    [
        (True, "inconclusive", "equivalent", "fault shared"),
        (True, "worse", "inconclusive", "fault shared"),
        (True, "better", "better", "free of the fault"),
        (True, "inconclusive", "inconclusive", "not told from either"),
        (False, "inconclusive", "negligible", "gain reached"),
        (False, "better", "inconclusive", "not told from either"),
    ],
)
def test_what_two_verdicts_say(fault: bool, standard: Verdict, coord: Verdict, shared: str) -> None:
    assert what_follows(fault=fault, standard=standard, coord=coord) == shared


@pytest.mark.slow
def test_a_follow_up_is_on_both_pages(root: Path, followed_up: Path) -> None:
    folder = root / "runs" / "reference" / "atari"
    shutil.copytree(followed_up, folder)
    assert command.main([], root) == 0
    assert "`fixed-code`: fault shared in part (PPO, MsPacman)" in (root / "README.md").read_text()
    page = (root / "docs" / "findings.md").read_text()
    assert re.search(r"^\| PPO \| MsPacman \| coord-zero \|.* free of the fault \|$", page, re.M)
    assert (root / "docs" / "images" / "findings_follow_up.png").exists()
    assert (folder / "ppo-follow-up" / "comparison" / "report.html").exists()
    assert command.main(["--check"], root) == 0
    shutil.rmtree(folder / "ppo-follow-up" / "MsPacman" / "ppo" / "coord-zero" / "seed-103")
    assert command.main([], root) == 0
    assert "fault shared" not in (root / "README.md").read_text()


def test_the_follow_up_is_a_command(
    all_runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record: Record = read_records(all_runs)[0]
    words = shlex.split(training(record, ["MsPacman"]))
    assert words[:3] == ["python", "-m", "agents.study"]
    argv = [*words[3:-1], str(tmp_path), "--list"]
    assert run_command(study_command.main, argv) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5 * 8
    declared = json.loads((tmp_path / "study.json").read_text())
    assert declared["comparison"]["outcome"] == "sample_efficiency"
    assert declared["config"]["n_timesteps"] == 400_000
