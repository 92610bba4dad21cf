"""What paths and logs leave open, and what is there twice: said, never guessed in silence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.runs import UNSTATED
from coordrl.compare.reading.study import Request, read_study

HEADER = '#{"t_start": 100.5, "env_id": "CartPole-v1"}\nr,l,t\n'
GAMES = "".join(f"{k},10,{k}.0\n" for k in range(1, 101))


def keep(logs: Path, *kept: str) -> Path:
    """Keep the files of some kinds only."""
    for path in logs.rglob("*"):
        if path.is_file() and not any(path.match(name) for name in kept):
            path.unlink()
    return logs


def test_algorithms_as_arms(zoo_logs: Callable[[str], Path], tmp_path: Path):
    """RL Zoo's folders ``<logs>/<algorithm>/<game>_<n>``, read with the algorithm as the arm."""
    logs = tmp_path / "logs"
    for arm, algorithm in (("standard", "ppo"), ("coord", "a2c")):
        shutil.move(zoo_logs(arm) / "ppo", logs / algorithm)
        for path in (logs / algorithm).rglob("args.yml"):
            path.write_text(path.read_text().replace("- ppo", f"- {algorithm}"))
    study = read_study(logs, request=Request(pattern="{arm}/{game}_{seed}"))
    assert {run.key[1:3] for run in study.runs} == {(UNSTATED, "ppo"), (UNSTATED, "a2c")}
    assert any("algorithms are compared: a2c (a2c), ppo (ppo)" in note for note in study.notes)
    (group,) = compare(study, "ppo").groups
    (contrast,) = group.contrasts
    assert contrast.verdict is not None
    # Whoever asks for the algorithm gets it.
    asked = read_study(logs, request=Request(pattern="{arm}/*", source="monitor"))
    assert len({run.key.algorithm for run in asked.runs}) == 1


def test_arms_of_one_algorithm_keep_it(zoo_logs: Callable[[str], Path]):
    study = read_study(zoo_logs("standard"), zoo_logs("coord"))
    assert {run.key.algorithm for run in study.runs} == {"ppo"}


def test_one_run_an_arm_needs_no_seed(logs: Path):
    for arm in ("standard", "coord"):
        shutil.rmtree(logs / arm / "seed-1")
    study = read_study(logs, request=Request(pattern="{arm}/*"))
    assert [(run.key.arm, run.key.seed) for run in study.runs] == [("coord", 0), ("standard", 0)]
    assert any("nothing says the seeds" in note for note in study.notes)


def test_runs_without_seeds_are_numbered(logs: Path):
    study = read_study(logs, request=Request(pattern="{arm}/*"))
    assert [run.key.seed for run in study.runs] == [0, 1, 0, 1]
    assert [run.name[-6:] for run in study.runs] == ["seed-0", "seed-1"] * 2


def test_a_reason_is_said_once(logs: Path):
    with pytest.raises(CompareError) as error:
        read_study(logs)
    assert str(error.value).count("does not say which run it is") == 1
    assert "coord/seed-0, coord/seed-1, standard/seed-0 and 1 others: " in str(error.value)


def test_training_and_evaluation_in_one_folder(logs: Path):
    keep(logs, "x")
    for folder in logs.glob("*/*"):
        for name in ("train", "eval"):
            (folder / f"{name}.monitor.csv").write_text(HEADER + GAMES)
            (folder / f"._{name}.monitor.csv").write_bytes(b"\0\5\x16\7")
    with pytest.raises(CompareError, match="by their names: choose with a --pattern"):
        read_study(logs, request=Request(pattern="{arm}/seed-{seed}"))
    study = read_study(logs, request=Request(pattern="{arm}/seed-{seed}/train.monitor.csv"))
    assert [run.timesteps.max() for run in study.runs] == [1000] * 4
    assert study.runs[0].name == "coord/seed-0"
    assert any("not read: eval.monitor.csv" in note for note in study.notes)
    assert study.missing == ()


def test_files_that_are_runs_have_their_seeds_as_numbers(tmp_path: Path):
    for arm in ("standard", "coord"):
        (tmp_path / arm).mkdir()
        for seed in (3, 17):
            (tmp_path / arm / f"{seed}.monitor.csv").write_text(HEADER + GAMES)
    study = read_study(tmp_path, request=Request(pattern="{arm}/{seed}.monitor.csv"))
    assert [run.key.seed for run in study.runs] == [17, 3, 17, 3]
    assert [run.timesteps.max() for run in study.runs] == [1000] * 4


def test_an_empty_monitor_beside_full_evaluations(logs: Path):
    keep(logs, "0.monitor.csv", "evaluations.npz")
    for path in logs.rglob("*monitor.csv"):
        path.write_text(HEADER)
    request = Request(pattern="{arm}/seed-{seed}")
    study = read_study(logs, request=request)
    assert {run.points for run in study.runs} == {"games of evaluations"}
    assert {run.key.game for run in study.runs} == {"CartPole-v1"}
    assert "0.monitor.csv holds no whole games: evaluations.npz is read" in study.runs[0].notes
    with pytest.raises(CompareError, match="it holds no whole games"):
        read_study(logs, request=Request(pattern=request.pattern, source="monitor"))


def test_two_runs_that_wrote_event_files_at_the_same_time(tmp_path: Path):
    for seed in (0, 1):
        folder = tmp_path / "coord" / str(seed)
        writers = [SummaryWriter(str(folder), filename_suffix=str(k)) for k in (0, 1)]
        for step in range(1, 101):
            for k, writer in enumerate(writers):
                wall = 1e9 + 100 * k + step * 10
                writer.add_scalar("rollout/ep_rew_mean", step, step, walltime=2 * wall)
        for writer in writers:
            writer.close()
    with pytest.raises(CompareError, match="written at the same time"):
        read_study(tmp_path, request=Request(pattern="{arm}/{seed}"))
