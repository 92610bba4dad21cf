"""What the parts of the findings count and measure."""

import json
import shutil
from pathlib import Path

import pytest
from scipy import stats

from agents.run.folder import RunFolder
from agents.study.findings.control import control
from agents.study.findings.prices import CORES, cost_table, prices
from agents.study.findings.records import read_records
from agents.study.findings.reliance import reliance_table
from agents.study.findings.watching import watching_table

MINUS = "\N{MINUS SIGN}"


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
