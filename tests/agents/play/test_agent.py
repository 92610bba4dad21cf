"""Loading trained agents: the same network, without unpickling; damage told in a line."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from stable_baselines3 import A2C

from agents.play.agent import WEIGHTS, find_runs, load_policy
from agents.run.folder import RunFolder
from agents.training.model import make_run_env
from common.errors import UsageError

COORD = Path("Seaquest", "a2c", "coord", "seed-0")
STANDARD = Path("Seaquest", "a2c", "standard", "seed-0")


def load(folder: RunFolder) -> torch.nn.Module:
    with closing(make_run_env(folder.config, n_envs=1)) as env:
        return load_policy(folder, env)


@pytest.mark.parametrize("run", [COORD, STANDARD])
def test_the_agent_is_the_one_that_sb3_loads(
    trained_once: Path, finished_runs: Path, run: Path
) -> None:
    assert not list(finished_runs.rglob("*.zip"))
    policy = load(RunFolder(finished_runs / run))
    reference = A2C.load(trained_once / run / "model.zip", device="cpu").policy
    theirs = reference.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in policy.state_dict().items())
    seen = np.random.default_rng(0).integers(256, size=(32, 4, 84, 84), dtype=np.uint8)
    expected, _ = reference.predict(seen, deterministic=True)
    np.testing.assert_array_equal(policy.predict(seen, deterministic=True)[0], expected)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_safetensors(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def of_another_arm(path: Path) -> None:
    path.write_bytes((path.parents[2] / "standard" / "seed-0" / WEIGHTS).read_bytes())


def with_one_more(path: Path) -> None:
    save_file({**load_file(path), "spare": torch.zeros(1)}, path)


def of_another_size(path: Path) -> None:
    save_file({**load_file(path), "action_net.weight": torch.zeros(6, 512)}, path)


def diverged(path: Path) -> None:
    save_file({**load_file(path), "action_net.bias": torch.full((18,), torch.nan)}, path)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (truncated, "is damaged"),
        (empty, "is damaged"),
        (no_safetensors, "is damaged"),
        (of_another_arm, "has no features_extractor.cnn.0.coord_weight"),
        (with_one_more, "has spare, which the run's network does not have"),
        (of_another_size, "has action_net.weight of shape (6, 512), but the network here needs"),
        (diverged, "no finite numbers"),
    ],
)
def test_damaged_weights(finished_runs: Path, damage: Callable[[Path], None], says: str) -> None:
    run, weights = RunFolder(finished_runs / COORD), finished_runs / COORD / WEIGHTS
    damage(weights)
    with pytest.raises(UsageError, match="is damaged: these are not the weights"):
        load(run)
    # Also where run.json was changed with them.
    fingerprint = hashlib.sha256(weights.read_bytes()).hexdigest()
    run.update(fingerprints={str(run.config.n_timesteps): fingerprint})
    with pytest.raises(UsageError) as error:
        load(run)
    assert says in str(error.value)
    assert str(finished_runs / COORD / WEIGHTS) in str(error.value)
    assert "\n" not in str(error.value)


def test_runs_are_found_below_a_folder_and_by_name_each_once(finished_runs: Path) -> None:
    game = finished_runs / "Seaquest"
    runs, left_out = find_runs([game, finished_runs / COORD])
    assert [run.path.relative_to(finished_runs) for run in runs] == [COORD, STANDARD]
    assert left_out == []


def test_unfinished_runs_are_left_out_of_a_folder_and_refused_by_name(finished_runs: Path) -> None:
    RunFolder(finished_runs / COORD).update(status="interrupted")
    (finished_runs / "NotSoClevr-v0/ppo/pooled/seed-0" / WEIGHTS).unlink()
    runs, left_out = find_runs([finished_runs])
    assert len(runs) == 2
    assert len(left_out) == 2
    assert f"{COORD} is not finished: interrupted" in left_out[1]
    assert f"has no {WEIGHTS}" in left_out[0]
    with pytest.raises(UsageError, match="is not finished: interrupted"):
        find_runs([finished_runs, finished_runs / COORD])
    with pytest.raises(UsageError, match=r"holds no finished run: .* is not finished"):
        find_runs([finished_runs / COORD.parent])


def test_folders_without_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no finished run: no run\.json below it"):
        find_runs([tmp_path])
    with pytest.raises(UsageError, match="is not a folder"):
        find_runs([tmp_path / "none"])
