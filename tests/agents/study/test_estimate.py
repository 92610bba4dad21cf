"""What a study will take, from real rollouts."""

from pathlib import Path

import pytest

from agents.study.estimate import Measurement, cost_kind
from tests.agents.runs import run_study, small_run, write_study


def test_a_dry_run_measures_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    file = write_study(tmp_path / "s.yaml", arms=["standard"], seeds=3, n_timesteps=16000)
    assert run_study(file, "-f", str(root), "--dry-run", "--processes", "1") == 0
    assert not root.exists()
    out = capsys.readouterr().out
    assert "Breakout/a2c/standard/seed-2: to be trained" in out
    assert "3 runs, 3 of them to be trained, 1 at a time" in out
    [row] = [line.split() for line in out.splitlines() if line.split()[:1] == ["Breakout"]]
    _, algorithm, arm, runs, rate, _, megabytes, _ = row
    assert (algorithm, arm, runs) == ("a2c", "standard", "3")
    assert 5 < float(rate.replace(",", "")) < 1e5
    # 1.7 million weights: twice in model.zip, with the optimizer's state, and once bare.
    assert 20 <= float(megabytes) < 40
    assert "time: about" in out
    assert "for checkpoints while it trains" in out


@pytest.mark.slow
def test_an_arm_that_cannot_be_measured_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_study(tmp_path / "s.yaml", env=["CartPole-v1"], arms=["standard"])
    assert run_study(file, "-f", str(tmp_path / "runs"), "--dry-run", "--processes", "1") == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: CartPole-v1 a2c standard cannot be measured: ")
    assert "no image observations" in error


def test_the_time_counts_start_timesteps_and_marks() -> None:
    config = small_run(n_timesteps=1600, save_freq=400)
    measured = Measurement(5.0, 0.0625, 2.0, 1e6, 2e6, 10.0)
    assert measured.seconds(config) == 5 + 1600 / 16 + 4 * 2
    assert measured.seconds(config, done=800) == 5 + 800 / 16 + 2 * 2
    assert measured.disk(config) == 1e6 + 16_000


def test_runs_that_cost_the_same_are_measured_once() -> None:
    one, other = small_run(seed=0), small_run(seed=1, n_timesteps=3200)
    slow = other.hyperparams.model_copy(update={"learning_rate": 1e-5})
    assert cost_kind(one) == cost_kind(other.model_copy(update={"hyperparams": slow}))
    assert cost_kind(one) != cost_kind(small_run(arm="coord"))
    assert cost_kind(one) != cost_kind(small_run(protocol="sticky"))
