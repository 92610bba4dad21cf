"""Crashes, hangs and interrupts, with real processes and real signals."""

import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest

from agents.executors.jobs import Job, Outcome, process_outcome
from agents.executors.local import LocalExecutor
from agents.run.folder import RunFolder
from agents.study import scheduling
from agents.study.scheduling import run_jobs
from common.files import locked
from common.processes import AttachedProcess
from tests.agents.runs import small_run

KEEPS_WRITING = """
for i in 1 2 3 4 5 6 7 8; do
  printf '{"timesteps": %s, "n_timesteps": 9, "timesteps_per_second": 1, "seconds_left": 1,
           "mean_return": null}' $i > draft && mv draft progress.json
  sleep 0.25
done
"""


class ShellProcess(AttachedProcess):
    """A shell command in the place of an attempt at a run."""

    pending = False

    def outcome(self) -> Outcome | None:
        end = self.end()
        return None if end is None else process_outcome(*end)


class Commands:
    """Runs shell commands, one for each attempt, where a study would train."""

    capacity = 1
    durable = False
    execution = ShellProcess

    def __init__(self, *commands: str) -> None:
        self.commands = list(commands)

    def start(self, job: Job) -> ShellProcess:
        script = f"cd {job.folder.path}; {self.commands.pop(0)}"
        return self.execution(["sh", "-c", script], job.log, dict(os.environ))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    config = small_run()
    folder = RunFolder(tmp_path / "run")
    folder.plan(config)
    return Job("run", folder, config)


@pytest.fixture(autouse=True)
def frequent_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "POLL_INTERVAL", 0.02)
    # A machine that stands still for a second has let no run hang.
    monkeypatch.setattr(scheduling, "LONGEST_LOOK", 0.1)


def run(job: Job, *commands: str, hang_timeout: float | None = None) -> Commands:
    executor = Commands(*commands)
    for _ in run_jobs([job], executor, hang_timeout):
        pass
    return executor


def test_a_crash_is_tried_once_more(job: Job) -> None:
    run(job, "echo 'OSError: once'; exit 1", "exit 0")
    assert job.state == "finished"
    assert job.failures == ["OSError: once"]
    assert job.folder.record["status"] == "planned"  # not the study's to say


def test_a_second_crash_is_a_failure_and_both_are_in_the_log(job: Job) -> None:
    executor = run(job, "echo once; exit 1", "echo twice; exit 1", "exit 0")
    assert executor.commands == ["exit 0"]
    assert job.state == "failed"
    assert job.failures == ["once", "twice"]
    assert job.folder.record["status"] == "failed"
    assert job.folder.record["error"] == "twice"
    assert job.log.read_text() == "once\ntwice\n"


def test_a_usage_error_is_not_tried_again(job: Job) -> None:
    executor = run(job, "echo 'error: No space left on device' >&2; exit 2", "exit 0")
    assert executor.commands == ["exit 0"]
    assert job.state == "failed"
    assert job.reason == "No space left on device"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("kill -9 $$", "killed by signal 9, perhaps out of memory"),
        ("kill -11 $$", "killed by signal 11 (Segmentation fault)"),
        ("exit 130", "interrupted by a signal"),
        ("exit 7", "exit code 7"),
    ],
)
def test_reasons_are_one_line(job: Job, command: str, reason: str) -> None:
    run(job, command, command)
    assert job.state == "failed"
    assert job.reason == job.folder.record["error"] == reason


@pytest.mark.parametrize("command", ["exec sleep 60", "trap '' TERM; exec sleep 60"])
def test_a_run_that_hangs_is_ended_and_tried_again(
    job: Job, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "STOP_TIMEOUT", 0.5)
    start = time.monotonic()
    run(job, command, "exit 0", hang_timeout=0.6)
    assert job.state == "finished"
    assert job.failures == ["hangs: no new timesteps for 0.01 minutes"]
    assert time.monotonic() - start < 30


def test_a_run_that_makes_timesteps_does_not_hang(job: Job) -> None:
    run(job, KEEPS_WRITING, hang_timeout=1.2)
    assert job.state == "finished"
    assert job.failures == []


def test_without_a_limit_nothing_hangs(job: Job) -> None:
    run(job, "sleep 1")
    assert job.state == "finished"


def test_what_cannot_be_started_fails_and_the_others_go_on(job: Job, tmp_path: Path) -> None:
    lost = Job("lost", RunFolder(tmp_path / "lost"), job.config)
    for _ in run_jobs([lost, job], Commands("exit 0"), None):
        pass
    assert lost.state == "failed"
    assert lost.reason.startswith("No such file or directory: ")
    assert job.state == "finished"


def test_closing_stops_what_runs(job: Job) -> None:
    executing = run_jobs([job], Commands("exec sleep 60"), None)
    job.folder.update(status="running")
    with closing(executing):
        next(executing)
        assert job.state == "running"
    assert job.state == "interrupted"
    assert job.folder.record["status"] == "interrupted"


def test_a_run_that_another_process_trains_is_waited_for(job: Job) -> None:
    executing = run_jobs([job], Commands("exit 0"), None)
    with locked(job.folder.path, "the run"):
        for _ in range(3):
            next(executing)
            assert job.state == "elsewhere"
    for _ in executing:
        pass
    assert job.state == "finished"


def test_a_run_that_hangs_in_another_process_is_left_to_it(job: Job) -> None:
    with locked(job.folder.path, "the run"):
        run(job, hang_timeout=0.6)
    assert job.state == "failed"
    assert "another process is working on the run" in job.reason
    assert "no new timesteps" in job.reason
    assert job.folder.record["status"] == "planned"


DISTURBED = """
import os
from pathlib import Path
from stable_baselines3.common.torch_layers import NatureCNN

class Disturbed(NatureCNN):
    calls = 0

    def forward(self, observations):
        Disturbed.calls += 1
        before = Path(__file__).with_name("disturbed")
        if Disturbed.calls > 150 and not before.exists():
            before.touch()
            os.kill(os.getpid(), {number:d})
        return super().forward(observations)
"""
"""A module with an arm whose process gets a signal once, between the first two checkpoints."""


def real_job(root: Path) -> Job:
    config = small_run("a2c", "disturbed_arm.Disturbed", n_timesteps=800, save_freq=160)
    folder = RunFolder(root / config.relative_folder)
    folder.plan(config)
    return Job(str(config.relative_folder), folder, config)


@pytest.mark.parametrize(
    ("number", "hang_timeout", "reason"),
    [
        (signal.SIGKILL, None, "killed by signal 9"),
        pytest.param(signal.SIGSTOP, 15.0, "hangs", marks=pytest.mark.slow),
    ],
)
def test_a_disturbed_training_goes_on_from_its_checkpoint(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    hang_timeout: float | None,
    reason: str,
) -> None:
    monkeypatch.setattr(scheduling, "STOP_TIMEOUT", 1.0)
    (tmp_path / "disturbed_arm.py").write_text(DISTURBED.format(number=number))
    monkeypatch.syspath_prepend(tmp_path)
    job = real_job(tmp_path / "runs")
    for _ in run_jobs([job], LocalExecutor(1, 1, ["a2c"]), hang_timeout):
        pass
    assert job.state == "finished"
    assert len(job.failures) == 1
    assert job.reason.startswith(reason)
    [resumption] = job.folder.record["resumptions"]
    assert resumption["timestep"] == 160
    assert job.folder.record["status"] == "finished"


class Unlucky(ShellProcess):
    """A process whose machine is lost if it ends with code 99."""

    def outcome(self) -> Outcome | None:
        outcome = super().outcome()
        lost = outcome is not None and self.process.returncode == 99
        return Outcome("its machine was lost", lost=True) if lost else outcome


class UnluckyCommands(Commands):
    execution = Unlucky


def test_a_lost_machine_is_not_the_runs_failure(job: Job) -> None:
    commands = UnluckyCommands(*["exit 99"] * 3, "echo crashed; exit 1", "exit 99", "exit 0")
    for _ in run_jobs([job], commands, None):
        pass
    assert job.state == "finished"
    assert job.failures == [*["its machine was lost"] * 3, "crashed", "its machine was lost"]


def test_machines_that_are_always_lost_are_a_failure(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "MAX_LOST", 2)
    commands = UnluckyCommands(*["exit 99"] * 3, "exit 0")
    for _ in run_jobs([job], commands, None):
        pass
    assert commands.commands == ["exit 0"]
    assert job.state == "failed"
    assert job.folder.record["error"] == "its machine was lost"


class Pending(ShellProcess):
    """A process that counts as waiting for its place."""

    pending = True


class PendingCommands(Commands):
    execution = Pending


def test_waiting_for_a_place_is_not_hanging(job: Job) -> None:
    for _ in run_jobs([job], PendingCommands("sleep 1"), 0.3):
        pass
    assert job.state == "finished"
    assert job.failures == []
