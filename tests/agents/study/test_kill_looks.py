"""A sequential study of real runs, killed at random moments, decides as an undisturbed one."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.run.folder import RunFolder
from common.files import read_json
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from tests.agents.runs import SMALL

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(1800)]

KILLS = 4
LATEST = 0.4
"""Of a kill, as a part of an undisturbed study's time: the study is not to be over by then."""
STUDY: dict[str, Any] = {
    "env": ["Breakout"],
    "algo": ["a2c"],
    "arms": ["standard", "coord"],
    "seeds": 7,
    "n_timesteps": 800,
    "save_freq": 160,
    "hyperparams": {"a2c": SMALL["a2c"]},
    "comparison": {"window": 1.0, "sequential": {"looks": [3, 6, 7], "futility": 0.9}},
}
"""Nothing is learned in so few timesteps, so the look at six seeds gives up."""


def study_command(root: Path) -> list[str]:
    root.mkdir(exist_ok=True)
    file = root / "study.yaml"
    file.write_text(yaml.safe_dump(STUDY))
    return [sys.executable, "-m", "agents.study", str(file), "-f", str(root / "runs")]


def decided(root: Path) -> list[dict[str, Any]]:
    looks = read_json(root / "runs" / "decisions.json")["looks"]
    return [{name: value for name, value in look.items() if name != "time"} for look in looks]


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Return an undisturbed study's folder, and the seconds it took."""
    root = tmp_path_factory.mktemp("undisturbed")
    start = time.monotonic()
    subprocess.run(study_command(root), check=True, capture_output=True)
    return root, time.monotonic() - start


def test_a_killed_study_decides_the_same(timed: tuple[Path, float], tmp_path: Path) -> None:
    undisturbed, seconds = timed
    moments = random.Random(2)
    killed = 0
    with (tmp_path / "log").open("w") as log:
        while True:
            command = study_command(tmp_path / "study")
            study = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                moment = seconds * moments.uniform(0.1, LATEST)
                code = study.wait(moment if killed < KILLS else 900)
            except subprocess.TimeoutExpired:
                study.kill()
                killed += 1
                study.wait()
                continue
            assert code == 0, (tmp_path / "log").read_text()[-2000:]
            break
    assert killed
    assert decided(undisturbed)[0]["comparisons"][0]["state"] == "live"
    assert decided(undisturbed)[1]["comparisons"][0]["state"] != "live"
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert decided(tmp_path / "study") == decided(undisturbed)
    folders = (tmp_path / "study" / "runs", undisturbed / "runs")
    ours, theirs = (compare(read_study(folder)) for folder in folders)
    assert ours.contrasts()[0][1] == theirs.contrasts()[0][1]
    assert ours.sequential == theirs.sequential
    assert ours.sequential is not None
    for look in decided(undisturbed):
        names = {name for found in look["comparisons"] for name in found["runs"]}
        assert all(RunFolder(folders[0] / name).finished for name in names)
