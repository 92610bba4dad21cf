"""A sequential study trains look by look, and stops what it knows enough of."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents import status
from agents.executors.jobs import Execution, Job, Outcome
from agents.run.config import RunConfig
from agents.study import command, scheduling
from agents.study.config import StudyConfig, parse_study
from agents.study.estimate import show_expected
from agents.study.folder import Part, expand, write_study
from agents.study.looks import StudyLooks
from agents.study.scheduling import run_jobs
from common.command_line import run_command
from common.errors import UsageError
from common.files import read_json, write_json
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.declared import DECISIONS_FILE
from coordrl.compare.reading.study import read_study
from tests.agents.runs import refused, run_study
from tests.agents.runs import write_study as write_file

HEADER = "timestep,wall_seconds,env,return,length"
MEANS = {"standard": 30.0, "coord": 60.0, "constant": 34.0}


def make_study(**changes: object) -> StudyConfig:
    values = {
        "env": ["Breakout"],
        "algo": ["a2c"],
        "arms": list(MEANS),
        "seeds": 10,
        "n_timesteps": 400,
        "comparison": {"sequential": {"looks": [6, 8, 10]}},
    }
    return parse_study({**values, **changes}, "study")


def score(config: RunConfig) -> float:
    """Return what a run scores: the same every time, as a run's would be."""
    noise = np.random.default_rng([config.seed, len(config.arm.name)]).normal()
    return MEANS[config.arm.name] + 4 * float(noise)


class Written(Execution):
    """A run that needs some looks at it, and then has a score or fails."""

    pending = False

    def __init__(self, job: Job, executor: "Scores") -> None:
        self.job, self.executor, self.left = job, executor, executor.looks_needed(job)
        self.stopped = False
        job.folder.update(status="running")

    def outcome(self) -> Outcome | None:
        self.left -= 1
        if self.stopped:
            self.job.folder.update(status="interrupted")
            return Outcome("interrupted by a signal", mendable=True)
        if self.left > 0:
            return None
        if self.job.name in self.executor.failing:
            return Outcome("out of luck", mendable=False)
        games = f"{HEADER}\n399,1.0,0,{score(self.job.config)!r},9\n"
        (self.job.folder.path / "episodes.csv").write_text(games)
        evaluated = [[90 - score(self.job.config)]]
        np.savez(self.job.folder.path / "evaluations.npz", timesteps=[399], results=evaluated)
        self.job.folder.update(status="finished")
        self.executor.finished.append(self.job.name)
        return Outcome()

    def stop(self) -> None:
        self.stopped = True

    def kill(self) -> None:
        self.stopped = True


class Scores:
    """Writes what runs would leave, a number of them at a time."""

    durable = False

    def __init__(
        self,
        capacity: int,
        failing: tuple[str, ...] = (),
        looks_needed: Callable[[Job], int] = lambda job: 1,
    ) -> None:
        self.capacity, self.failing, self.looks_needed = capacity, failing, looks_needed
        self.finished: list[str] = []
        self.started: list[str] = []

    def start(self, job: Job) -> Written:
        self.started.append(job.name)
        return Written(job, self)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "POLL_INTERVAL", 0.0)


def train(root: Path, executor: Scores, study: StudyConfig | None = None, turns: int = -1) -> Part:
    """Train a study, or stop after so many turns of the scheduler."""
    study = study or make_study()
    [part] = parts = expand("study", study, root)
    root.mkdir(exist_ok=True)
    write_study("study", study, root, parts)
    executing = run_jobs(part.jobs, executor, None, StudyLooks(parts))
    for _ in executing:
        turns -= 1
        if turns == 0:
            executing.close()
            break
    return part


def decisions(root: Path) -> list[dict[str, object]]:
    looks = read_json(root / DECISIONS_FILE)["looks"]
    return [{key: value for key, value in look.items() if key != "time"} for look in looks]


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduling, "POLL_INTERVAL", 0.0)
        train(root, Scores(1))
    return root


def test_only_live_comparisons_go_on(one_by_one: Path) -> None:
    first, *others = decisions(one_by_one)
    states = {c["arm"]: c["state"] for c in first["comparisons"]}  # type: ignore[attr-defined]
    assert (first["look"], first["seeds"]) == (1, 6)
    assert states == {"coord": "different", "constant": "live"}
    finished = {path.parent for path in one_by_one.rglob("episodes.csv")}
    counts = {arm: sum(path.parent.name == arm for path in finished) for arm in MEANS}
    assert counts["coord"] == 6
    assert counts["constant"] == counts["standard"] == (8 if len(others) == 1 else 10)
    comparison = compare(read_study(one_by_one))
    assert next(c.verdict for _, c in comparison.contrasts()) == "better"
    assert comparison.missing == ()
    assert comparison.sequential is not None
    assert comparison.sequential.needed == sum(counts.values()) < 30


def test_looks_are_at_evaluations_where_these_are_declared(tmp_path: Path) -> None:
    declared = {"sequential": {"looks": [6, 8, 10]}, "source": "evaluations"}
    train(tmp_path, Scores(1), make_study(comparison=declared, eval_freq=100))
    comparison = compare(read_study(tmp_path))
    assert {c.arm: c.verdict for _, c in comparison.contrasts()}["coord"] == "worse"
    [first, *_] = decisions(tmp_path)
    [coord] = [c for c in first["comparisons"] if c["arm"] == "coord"]  # type: ignore[attr-defined]
    assert coord["state"] == "different"
    assert coord["difference"] < 0
    [note] = comparison.notes  # the record agrees
    assert note.startswith("the numbers compared are games of evaluations: ")


def test_its_status_names_what_is_not_needed(
    one_by_one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(status.main, [str(one_by_one)]) == 0
    printed = capsys.readouterr().out
    finished = len(list(one_by_one.rglob("episodes.csv")))
    assert f"30 runs: {finished} finished, {30 - finished} unneeded" in printed


@pytest.mark.parametrize("capacity", [2, 7, 40])
def test_any_number_of_processes_decides_the_same(
    one_by_one: Path, tmp_path: Path, capacity: int
) -> None:
    executor = Scores(capacity, looks_needed=lambda job: 1 + job.config.seed % 3)
    part = train(tmp_path, executor)
    assert decisions(tmp_path) == decisions(one_by_one)
    assert {job.state for job in part.jobs} <= {"finished", "unneeded"}
    for job in part.jobs:
        if job.state == "unneeded":
            assert job.folder.record["status"] in ("planned", "interrupted")


@pytest.mark.parametrize("seed", range(3))
def test_stopped_anywhere_it_decides_the_same(one_by_one: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(100):
        turns = int(rng.integers(1, 12))
        part = train(tmp_path, Scores(2, looks_needed=lambda job: 2), turns=turns)
        if all(job.state in ("finished", "skipped", "unneeded") for job in part.jobs):
            break
    assert decisions(tmp_path) == decisions(one_by_one)
    before = (tmp_path / DECISIONS_FILE).read_bytes()
    again = Scores(2)
    train(tmp_path, again)
    assert not again.started
    assert (tmp_path / DECISIONS_FILE).read_bytes() == before


def test_idle_cores_begin_the_next_look_but_not_the_one_after(tmp_path: Path) -> None:
    executor = Scores(100, looks_needed=lambda job: 5)
    train(tmp_path, executor, turns=3)
    seeds = {int(name.rpartition("-")[2]) for name in executor.started}
    assert seeds == set(range(8))


def test_what_runs_when_it_is_no_longer_needed_is_stopped(tmp_path: Path) -> None:
    slow = Scores(100, looks_needed=lambda job: 1 if job.config.seed < 6 else 1000)
    part = train(tmp_path, slow, turns=30)
    states = {job.name: job.state for job in part.jobs}
    assert states["Breakout/a2c/coord/seed-7"] == "unneeded"
    assert states["Breakout/a2c/constant/seed-7"] == "interrupted"  # by the end of the test


def test_a_given_up_run_stays_given_up_once_a_look_was_taken_without_it(tmp_path: Path) -> None:
    lost = "Breakout/a2c/coord/seed-2"
    part = train(tmp_path, Scores(1, failing=(lost,)))
    before = decisions(tmp_path)
    [failed] = [job for job in part.jobs if job.state == "failed"]
    assert (failed.name, failed.reason) == (lost, "out of luck")
    again = Scores(1)
    part = train(tmp_path, again)
    assert not again.started
    [failed] = [job for job in part.jobs if job.state == "failed"]
    assert failed.reason == "given up before look 3 was taken: out of luck"
    assert decisions(tmp_path) == before


def test_a_failed_run_is_tried_again_as_long_as_no_look_needed_it(tmp_path: Path) -> None:
    lost = "Breakout/a2c/coord/seed-2"
    train(tmp_path, Scores(1, failing=(lost,)), turns=11)
    again = Scores(1)
    part = train(tmp_path, again)
    assert lost in again.started
    assert not [job for job in part.jobs if job.state == "failed"]


def test_a_record_that_disagrees_is_told(one_by_one: Path, tmp_path: Path) -> None:
    train(tmp_path, Scores(1))
    record = read_json(tmp_path / DECISIONS_FILE)
    record["looks"][0]["comparisons"][0]["state"] = "live"
    write_json(tmp_path / DECISIONS_FILE, record)
    [note] = [note for note in compare(read_study(tmp_path)).notes if "recorded" in note]
    assert "look 1 at Breakout, a2c, coord was recorded as live, and is different" in note
    record["looks"][0]["look"] = -100
    write_json(tmp_path / DECISIONS_FILE, record)
    assert any("is no look with" in note for note in compare(read_study(tmp_path)).notes)
    (tmp_path / DECISIONS_FILE).write_text("{")
    [note] = [note for note in compare(read_study(tmp_path)).notes if "record of" in note]
    assert "decisions.json is not readable" in note


def test_the_list_goes_as_far_as_the_next_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_file(
        tmp_path / "study.yaml", seeds=10, comparison={"sequential": {"looks": [6, 10]}}
    )
    assert run_study(file, "-f", str(tmp_path / "runs"), "--list") == 0
    commands = capsys.readouterr().out.splitlines()
    seeds = {Path(shlex.split(command)[4]).name for command in commands}
    assert seeds == {f"seed-{seed}" for seed in range(6)}


@pytest.mark.parametrize(
    ("sequential", "looks"),
    [(True, (6, 8, 10)), ({}, (6, 8, 10)), ({"looks": [7, 10]}, (7, 10)), (False, None)],
)
def test_looks_by_default(sequential: object, looks: tuple[int, ...] | None) -> None:
    study = make_study(arms=[*MEANS, "coord-zero"], comparison={"sequential": sequential})
    assert study.looks == looks


@pytest.mark.parametrize(
    ("sequential", "says"),
    [
        ({"looks": [6, 8]}, "the last look has all 10 seeds"),
        ({"looks": [8, 6, 10]}, "numbers of seeds that rise"),
        ({"looks": []}, "looks"),
        ({"look": [6, 10]}, "unknown key"),
        ({"futility": 1}, "futility"),
    ],
)
def test_looks_that_cannot_be(sequential: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make_study(comparison={"sequential": sequential})


def test_the_design_is_written_down(one_by_one: Path) -> None:
    record = read_json(one_by_one / "study.json")
    assert record["comparison"]["sequential"] == {"looks": [6, 8, 10], "futility": 0.05}
    design = record["design"]
    assert design["family"] == 2
    assert sum(design["weights"]) == pytest.approx(1)
    assert list(design["nominal_levels"]) == ["0.05/2", "0.05/1"]
    assert json.dumps(make_study(comparison={}).model_dump(mode="json"))


def test_what_to_expect_is_told_beforehand(capsys: pytest.CaptureFixture[str]) -> None:
    show_expected(make_study(), hours_per_run=2.0)
    printed = capsys.readouterr().out
    assert "looks at 6, 8, 10 seeds per arm; 2 comparisons" in printed
    rows = {line.split()[0]: line.split() for line in printed.splitlines() if line.strip()}
    assert float(rows["3"][-1]) == pytest.approx(2 * float(rows["3"][-2]), abs=1.5)
    assert int(rows["3"][-2]) < int(rows["1"][-2]) <= 30
    show_expected(make_study(comparison={}), hours_per_run=None)
    assert capsys.readouterr().out == ""


def test_a_dry_run_counts_what_is_still_needed(
    one_by_one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comparison = {"sequential": {"looks": [6, 8, 10]}}
    file = write_file(
        tmp_path / "study.yaml", arms=list(MEANS), seeds=10, hyperparams={}, comparison=comparison
    )
    before = (one_by_one / DECISIONS_FILE).read_bytes()
    assert run_study(file, "-f", str(one_by_one), "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "Breakout/a2c/coord/seed-6: not needed any more" in printed
    assert "30 runs, 0 of them to be trained" in printed
    assert (one_by_one / DECISIONS_FILE).read_bytes() == before


def test_looks_cannot_be_added_later(
    one_by_one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_file(
        tmp_path / "study.yaml",
        arms=list(MEANS),
        seeds=10,
        hyperparams={},
        comparison={"sequential": {"looks": [6, 7, 8, 10]}},
    )
    line = refused(command.main, [file, "-f", str(one_by_one), "--list"], capsys)
    assert "sequential {" in line
