"""Evaluations: true returns of whole games, the same ones for all arms, repeatable."""

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from safetensors.torch import load_file, save_file
from scipy import stats
from scipy.special import softmax
from stable_baselines3.common.utils import set_random_seed

from agents.evaluate import _relies
from agents.play.agent import WEIGHTS, load_policy
from agents.play.evaluation import EVALUATION, MAPS, Evaluation, evaluate_run
from agents.play.information import BlindPolicy, action_probabilities, information
from agents.run.config import EVAL_SEED_OFFSET
from agents.run.folder import RunFolder
from agents.training.model import make_run_env
from common.errors import UsageError
from common.files import read_json
from envs.not_so_clevr import Rules
from tests.agents.runs import small_run, trained

SEAQUEST = Path("Seaquest", "a2c", "coord", "seed-0")
CLEVR = Path("NotSoClevr-v0", "ppo", "coord-pooled", "seed-0")
PLAIN = Path("NotSoClevr-v0", "ppo", "pooled", "seed-0")


class Steering(gym.Env[Any, Any]):
    """A dot that continuous actions are to point at."""

    observation_space = spaces.Box(0, 255, (36, 36, 1), np.uint8)
    action_space = spaces.Box(-1, 1, (2,))
    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place = self.np_random.integers(0, 36, 2)
        image = np.zeros((36, 36, 1), np.uint8)
        image[tuple(self.place)] = 255
        return image, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward = -float(np.abs(action - self.place / 18 + 1).sum())
        return self.reset()[0], reward, bool(self.np_random.random() < 0.2), False, {}


gym.register("Steering-v0", Steering)


def evaluate(root: Path, run: Path, **settings: Any) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = evaluate_run(RunFolder(root / run), Evaluation(**settings))[
        "evaluations"
    ]
    return records


def written(root: Path, run: Path) -> list[dict[str, Any]]:
    return list(read_json(root / run / EVALUATION)["evaluations"])


def exchange_weights(path: Path, weights: dict[str, torch.Tensor]) -> None:
    """Give a run other weights, as if it had ended with them."""
    save_file(weights, path)
    run = RunFolder(path.parent)
    fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
    run.update(fingerprints={str(run.config.n_timesteps): fingerprint})


def test_returns_are_unclipped_and_of_whole_games(finished_runs: Path) -> None:
    (record,) = evaluate(
        finished_runs, SEAQUEST, n_eval_episodes=1, n_envs=1, deterministic=(False,)
    )
    # The same game, played and added up by hand in an environment that clips nothing.
    folder = RunFolder(finished_runs / SEAQUEST)
    seed = EVAL_SEED_OFFSET + folder.config.seed
    unclipped = {"clip_reward": False}
    with closing(make_run_env(folder.config, n_envs=1, seed=seed, env_kwargs=unclipped)) as env:
        policy = load_policy(folder, env)
        set_random_seed(seed)
        observations = env.reset()
        score, ends, over = 0.0, 0, False
        while not over:
            actions, _ = policy.predict(observations)
            observations, rewards, dones, infos = env.step(actions)
            score += rewards[0]
            ends += dones[0]
            over = "episode" in infos[0]
    assert record["returns"] == [score]
    assert score >= 20  # what the first fish is worth
    assert ends == 4  # a game has four lives
    assert record["eval_seed"] == seed


def test_a_record_sums_up_its_games(finished_runs: Path) -> None:
    records = evaluate(finished_runs, CLEVR, n_eval_episodes=7, n_envs=3)
    assert [record["deterministic"] for record in records] == [False, True]
    for record in records:
        returns = record["returns"]
        assert len(returns) == len(record["lengths"]) == record["n_eval_episodes"] == 7
        assert set(record["lengths"]) == {1}
        assert record["mean"] == pytest.approx(np.mean(returns))
    drawn = records[0]
    assert 0 < drawn["mean"] < 1
    assert drawn["sd"] == pytest.approx(np.std(drawn["returns"], ddof=1))
    error = drawn["sd"] / np.sqrt(7)
    assert drawn["interval"] == pytest.approx(stats.t.interval(0.95, 6, drawn["mean"], error))
    assert written(finished_runs, CLEVR) == records


def test_one_game_has_no_spread(finished_runs: Path) -> None:
    records = evaluate(finished_runs, CLEVR, n_eval_episodes=1)
    for record in records:
        assert record["n_envs"] == 1
        assert record["sd"] is None
        assert record["interval"] is None


def test_an_evaluation_repeats_and_other_seeds_or_numbers_of_environments_are_other_games(
    finished_runs: Path,
) -> None:
    settings = {"n_eval_episodes": 40, "deterministic": (False,)}
    first = evaluate(finished_runs, CLEVR, **settings)
    set_random_seed(123)
    assert evaluate(finished_runs, CLEVR, **settings) == first
    for change in ({"seed": 1}, {"n_envs": 4}):
        (other,) = evaluate(finished_runs, CLEVR, **settings, **change)
        assert other["returns"] != first[0]["returns"]
    (shared,) = evaluate(finished_runs, PLAIN, **settings)
    assert shared["eval_seed"] == first[0]["eval_seed"] == EVAL_SEED_OFFSET


def test_a_new_record_replaces_the_one_of_its_kind(finished_runs: Path) -> None:
    evaluate(finished_runs, CLEVR, n_eval_episodes=3)
    evaluate(finished_runs, CLEVR, n_eval_episodes=4, deterministic=(False,))
    evaluate(
        finished_runs, CLEVR, n_eval_episodes=5, deterministic=(True,), env_kwargs={"part": "test"}
    )
    kept = written(finished_runs, CLEVR)
    assert [(r["deterministic"], r["n_eval_episodes"], r["env_kwargs"]) for r in kept] == [
        (True, 3, {}),
        (False, 4, {}),
        (True, 5, {"part": "test"}),
    ]


def test_records_of_other_weights_are_dropped(finished_runs: Path) -> None:
    evaluate(finished_runs, CLEVR, n_eval_episodes=3)
    path = finished_runs / CLEVR / WEIGHTS
    weights = load_file(path)
    exchange_weights(path, {**weights, "value_net.bias": weights["value_net.bias"] + 1})
    evaluate(finished_runs, CLEVR, n_eval_episodes=3, deterministic=(True,))
    assert len(written(finished_runs, CLEVR)) == 1


def test_coordinates_switched_off_are_coordinate_weights_of_zero(finished_runs: Path) -> None:
    path = finished_runs / CLEVR / WEIGHTS
    weights = load_file(path)
    # An agent that does rely on them: the coordinates decide what it does.
    strong = {k: v * 30 if "coord_weight" in k else v for k, v in weights.items()}
    exchange_weights(path, strong)
    settings = {"n_eval_episodes": 60, "deterministic": (True,)}
    on, off = evaluate(finished_runs, CLEVR, **settings, without_coordinates=True)
    assert (on["coordinates"], off["coordinates"]) == (True, False)
    assert on["reliance"]["greedy_changed"] > 0.2
    assert on["reliance"]["observations"] == 60
    assert off["reliance"] is None
    assert on["returns"] != off["returns"]
    zero = {k: torch.zeros_like(v) if "coord_weight" in k else v for k, v in weights.items()}
    exchange_weights(path, zero)
    (zeroed,) = evaluate(finished_runs, CLEVR, **settings)
    assert zeroed["returns"] == off["returns"]
    assert zeroed["reliance"]["greedy_changed"] == 0


def test_continuous_actions_are_said_to_move(tmp_path: Path) -> None:
    run = trained(small_run("a2c", "coord", env="Steering-v0"), tmp_path)
    weights = load_file(run.path / WEIGHTS)
    strong = {k: v * 100 if "coord_weight" in k else v for k, v in weights.items()}
    exchange_weights(run.path / WEIGHTS, strong)
    (record,) = evaluate(
        tmp_path, run.path.relative_to(tmp_path), n_eval_episodes=20, deterministic=(True,)
    )
    assert record["reliance"]["greedy_changed"] is None
    assert record["reliance"]["action_change"] > 0.5
    assert record["information"] is None
    with pytest.raises(UsageError, match="actions are continuous"):
        evaluate(tmp_path, run.path.relative_to(tmp_path), blind=True)
    assert _relies(record["reliance"]) == f"{record['reliance']['action_change']:.2f} sd"


def test_information_is_that_of_the_actions_about_what_is_seen(finished_runs: Path) -> None:
    folder = RunFolder(finished_runs / SEAQUEST)
    seen = np.random.default_rng(0).integers(0, 256, (12, 4, 84, 84), np.uint8)
    with closing(make_run_env(folder.config, n_envs=1)) as env:
        policy = load_policy(folder, env)
    with torch.no_grad():
        policy.action_net.weight *= 300
        logits = policy.action_net(policy.extract_features(torch.from_numpy(seen)))
    drawn = action_probabilities(policy, seen, deterministic=False)
    assert drawn == pytest.approx(softmax(logits.numpy(), axis=1), abs=1e-6)
    # The mean divergence of the actions, once the image is known, from what they are on average.
    divergence = stats.entropy(drawn.T, drawn.mean(axis=0)[:, None]).mean()
    assert divergence > 0.01
    found = information(drawn)
    assert found["nats"] == pytest.approx(divergence)
    assert found["entropy"] == pytest.approx(stats.entropy(drawn.mean(axis=0)))
    greedy = action_probabilities(policy, seen, deterministic=True)
    assert greedy.argmax(axis=1).tolist() == logits.argmax(dim=1).tolist()
    found = information(greedy)
    assert found["nats"] == found["entropy"] > 0


def test_a_blind_agent_takes_the_same_actions_as_often_in_the_same_games(
    finished_runs: Path,
) -> None:
    path = finished_runs / PLAIN / WEIGHTS
    weights = load_file(path)
    # It always names the same place, whatever it sees.
    bias = torch.zeros(9).index_fill(0, torch.tensor(7), 1000.0)
    exchange_weights(path, weights | {"action_net.bias": bias})
    settings = {"n_eval_episodes": 100, "deterministic": (False,)}
    (record,) = evaluate(finished_runs, PLAIN, **settings, blind=True)
    assert record["information"] == pytest.approx({"nats": 0, "entropy": 0}, abs=1e-6)
    assert 0 < record["blind"]["mean"] < 0.3
    assert record["blind"]["returns"] == record["returns"]
    assert evaluate(finished_runs, PLAIN, **settings) == [
        {name: value for name, value in record.items() if name != "blind"}
    ]


def test_rates_of_a_blind_agent_are_the_means() -> None:
    blind = BlindPolicy(np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]), seed=3)
    actions, state = blind.predict(np.zeros((20_000, 1)))
    assert state is None
    assert np.bincount(actions) / 20_000 == pytest.approx([0.5, 0.25, 0.25], abs=0.02)


def test_maps_are_drawn_of_arms_with_coordinates_only(finished_runs: Path) -> None:
    evaluate(finished_runs, CLEVR, n_eval_episodes=2)
    assert (finished_runs / CLEVR / MAPS).read_bytes().startswith(b"\x89PNG")
    records = evaluate(finished_runs, PLAIN, n_eval_episodes=2, without_coordinates=True)
    assert not (finished_runs / PLAIN / MAPS).exists()
    assert [record["coordinates"] for record in records] == [None, None]
    assert [record["reliance"] for record in records] == [None, None]


def test_evaluations_have_the_environment_that_the_run_names_for_them(finished_runs: Path) -> None:
    folder = RunFolder(finished_runs / CLEVR)
    config = {**folder.record["config"], "env_kwargs": {"reward": "distance"}}
    folder.update(config={**config, "eval_env_kwargs": {"part": "test"}})
    (record,) = evaluate(finished_runs, CLEVR, n_eval_episodes=30, deterministic=(False,))
    assert record["env_kwargs"] == {"reward": "distance", "part": "test"}
    possible = Rules(reward="distance").rewards
    assert all(np.isclose(possible, value).any() for value in record["returns"])
    assert any(0 < value < 1 for value in record["returns"])


@pytest.mark.parametrize(
    ("env_kwargs", "says"),
    [
        ({"part": "tset"}, "part"),
        ({"prat": "test"}, "part"),
        ({"n_envs": 3}, "n_envs is no env_kwarg"),
        ({"grid": 2, "canvas_size": 112}, "has action_net"),
    ],
)
def test_settings_of_the_environment_that_cannot_be(
    finished_runs: Path, env_kwargs: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError) as error:
        evaluate(finished_runs, CLEVR, env_kwargs=env_kwargs)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert not (finished_runs / CLEVR / EVALUATION).exists()


def test_a_damaged_evaluation_is_not_overwritten(finished_runs: Path) -> None:
    path = finished_runs / CLEVR / EVALUATION
    path.write_text(json.dumps({"format": 1})[:-1])
    with pytest.raises(UsageError, match=r"evaluation\.json is damaged"):
        evaluate(finished_runs, CLEVR, n_eval_episodes=2)
