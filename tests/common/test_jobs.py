import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from common.jobs import Job, run_jobs


def job(folder: Path, name: str, code: str) -> Job:
    return Job(name, ("-c", code), folder / name)


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_ends_its_jobs(tmp_path: Path, number: signal.Signals) -> None:
    script = f"""
from pathlib import Path
from common.command_line import run_command
from common.jobs import Job, run_jobs
jobs = [Job(str(k), ("-c", "import time; time.sleep(600)"), Path({str(tmp_path)!r}) / str(k))
        for k in range(3)]
raise SystemExit(run_command(lambda _: len(run_jobs(jobs, 2))))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    children: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while len(children) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        children = psutil.Process(process.pid).children()
    assert len(children) == 2
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.startswith("interrupted; to go on: ")
    assert not any(child.is_running() for child in children)
