"""Runs repeat themselves: ``agents.verify`` and ``agents.train --like``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agents import train, verify
from agents.run.folder import RunFolder
from agents.run.provenance import WITHOUT_AVX512
from common.errors import UsageError
from common.files import read_json, write_json
from tests.agents.runs import small_run, trained, weights_hash

WIDE = torch.backends.cpu.get_cpu_capability() == "AVX512"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    config = small_run("a2c", "coord", n_timesteps=256)
    config = config.model_copy(update={"save_freq": 128})
    return trained(config, tmp_path_factory.mktemp("runs"))


def test_the_beginning_of_a_run_is_trained_again(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(run.path.rglob("*"))
    assert verify.main([str(run.path)]) == 0
    assert "the same bits up to timestep 128" in capsys.readouterr().out
    assert sorted(run.path.rglob("*")) == before


def test_other_bits_are_told_with_what_may_have_changed_them(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = read_json(run.path / "run.json")
    record["fingerprints"] = {"128": "0" * 64}
    record["provenance"]["versions"]["torch"] = "1.0"
    record["provenance"]["cpu_capability"] = "AVX2"
    write_json(tmp_path / "run.json", record)
    games = (run.path / "episodes.csv").read_text()
    (tmp_path / "episodes.csv").write_text(games + "100,0.1,0,5.0,400\n")
    assert verify.main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "weights and games differ up to timestep 128" in printed
    assert "other builds: torch" in printed
    assert (WITHOUT_AVX512 in printed) == WIDE


def test_a_run_without_a_mark_cannot_be_verified(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.plan(small_run())
    with pytest.raises(UsageError, match="has not come to its first mark"):
        verify.main([str(tmp_path)])
    with pytest.raises(UsageError, match=r"is not a run's folder"):
        verify.main([str(tmp_path / "nothing")])


def test_a_run_is_repeated_from_its_record(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--like", str(run.path), "-f", str(tmp_path)]) == 0
    assert f"the same bits as {run.path}" in capsys.readouterr().out
    assert weights_hash(RunFolder(tmp_path / run.config.relative_folder)) == weights_hash(run)


def test_a_repetition_that_played_other_games_is_told(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_bytes(run.file.read_bytes())
    games = (run.path / "episodes.csv").read_text()
    (tmp_path / "episodes.csv").write_text(games + "100,0.1,0,5.0,400\n")
    assert train.main(["--like", str(tmp_path), "-f", str(tmp_path / "again")]) == 0
    assert f"other games than {tmp_path}" in capsys.readouterr().out


def test_a_repetition_is_of_the_run_as_it_was_and_elsewhere(run: RunFolder) -> None:
    with pytest.raises(UsageError, match="is the run itself"):
        train.main(["--like", str(run.path), "-f", str(run.path.parents[3])])
    with pytest.raises(UsageError, match="leave out --algo, --num-threads"):
        train.main(["--like", str(run.path), "--algo", "ppo", "--num-threads", "2"])
    with pytest.raises(UsageError, match="give one of them"):
        train.main(["--like", str(run.path), "--run", str(run.path)])


@pytest.mark.slow
@pytest.mark.skipif(not WIDE, reason="needs a CPU with AVX-512")
def test_bits_of_a_narrower_cpu_are_repeated_without_avx512(tmp_path: Path) -> None:
    narrow = dict(pair.split("=") for pair in WITHOUT_AVX512.split())

    def run(name: str, *arguments: str, **environment: str) -> str:
        command = [sys.executable, "-m", f"agents.{name}", *arguments]
        done = subprocess.run(
            command, check=False, env=os.environ | environment, capture_output=True, text=True
        )
        return done.stdout + done.stderr

    settings = ["--env", "Seaquest", "--algo", "a2c", "-n", "2000", "--save-freq", "1000", "-f"]
    run("train", *settings, str(tmp_path), **narrow)
    [record] = tmp_path.rglob("run.json")
    assert read_json(record)["provenance"]["cpu_capability"] == "AVX2"
    assert "the same bits up to timestep 1,040" in run("verify", str(record.parent), **narrow)
    printed = run("verify", str(record.parent))
    assert "differ up to timestep 1,040" in printed
    assert WITHOUT_AVX512 in printed
