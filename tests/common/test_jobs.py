import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from common.jobs import Job, run_jobs


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have jobs find the modules that they are to run."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)


def job(folder: Path, name: str, code: str) -> Job:
    (folder / f"job_{name}.py").write_text(code)
    return Job(name, f"job_{name}", (), folder / name)


def test_jobs_run_and_failures_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [
        job(tmp_path, "good", "print('all well')"),
        job(tmp_path, "bad", "raise SystemExit('no good')"),
        job(tmp_path, "other", "import os; print(os.environ['OMP_NUM_THREADS'], 'thread')"),
    ]
    failed = run_jobs(jobs, processes=2, done=4)
    assert failed == [jobs[1]]
    assert [one.last_line() for one in jobs] == ["all well", "no good", "1 thread"]
    lines = capsys.readouterr().err.splitlines()
    assert sorted(line.split("/7 ")[0] for line in lines) == ["5", "6", "7"]
    assert any(line.endswith("failed: bad: no good") for line in lines)


def test_as_many_run_at_a_time_as_there_are_processes(tmp_path: Path) -> None:
    code = "import time; start = time.time(); time.sleep(0.5); print(start, time.time())"
    jobs = [job(tmp_path, str(k), code) for k in range(5)]
    assert run_jobs(jobs, processes=2) == []
    spans = [tuple(map(float, one.last_line().split())) for one in jobs]
    at_a_time = [sum(start <= moment < end for start, end in spans) for moment, _ in spans]
    assert max(at_a_time) == 2


def start_sleepers(tmp_path: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """Start a process that runs two of three jobs which last; return it and its jobs' two."""
    job(tmp_path, "sleep", "import time; print('asleep', flush=True); time.sleep(600)")
    script = f"""
from pathlib import Path
from common.command_line import run_command
from common.jobs import Job, run_jobs
jobs = [Job(str(k), "job_sleep", (), Path({str(tmp_path)!r}) / str(k)) for k in range(3)]
raise SystemExit(run_command(lambda _: len(run_jobs(jobs, 2))))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        logs = [tmp_path / str(k) / "log.txt" for k in range(2)]
        if all(log.exists() and "asleep" in log.read_text() for log in logs):
            break
        time.sleep(0.1)
    children = psutil.Process(process.pid).children()
    assert len(children) == 2
    return process, children


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_ends_its_jobs(tmp_path: Path, number: signal.Signals) -> None:
    process, children = start_sleepers(tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.startswith("interrupted; to go on: ")
    assert not any(child.is_running() for child in children)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_no_job_outlives_a_command_that_could_not_end_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The kernel out of memory; a closed terminal."""
    process, children = start_sleepers(tmp_path)
    process.send_signal(number)
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
