"""Evaluates the agent of a finished run, in whole games of its own, beside the run."""

import hashlib
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import ValidationError
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecEnv

from agents.play.agent import WEIGHTS, load_policy
from agents.play.information import (
    BlindPolicy,
    ObservationSample,
    Probabilities,
    action_probabilities,
    has_discrete_actions,
    information,
)
from agents.run.config import EVAL_SEED_OFFSET, RunConfig
from agents.run.fields import explain
from agents.run.folder import RunFolder
from agents.run.provenance import provenance
from agents.training.model import make_run_env
from common.command_line import key_value
from common.errors import UsageError
from common.files import read_json, write_atomically, write_json
from coordrl.compare.statistics.two_arms import mean_interval, sample_sd
from coordrl.inspect import (
    coord_layers,
    coordinate_maps,
    coordinate_reliance,
    map_image,
    without_coordinates,
)

FORMAT = 1
EVALUATION = "evaluation.json"
MAPS = "coordinate_maps.png"
OBSERVATIONS = 512
"""On so many is measured what an agent takes from them, and from its coordinates."""
COLUMNS = 3
INCHES = 4.0
"""Width and height of a layer's maps."""
SAME = ("deterministic", "coordinates", "env_kwargs")
"""What tells the records of an evaluation.json apart: a new one replaces the one it equals."""


@dataclass(frozen=True)
class Evaluation:
    """How agents are evaluated.

    :param n_envs: Environments that play at a time; another number means other games
    :param deterministic: For each kind, whether the most probable action is taken or one is drawn
    :param without_coordinates: Whether to play also with the coordinates switched off
    :param blind: Whether to play also with actions as frequent, drawn without watching
    :param seed: Seed of the games, each run's own if None
    :param env_kwargs: Settings of the environment that replace those of the run's evaluations
    """

    n_eval_episodes: int = 10
    n_envs: int = 8
    deterministic: tuple[bool, ...] = (False, True)
    without_coordinates: bool = False
    blind: bool = False
    seed: int | None = None
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"


def add_game_settings(parser: ArgumentParser) -> None:
    """Add the flags about games that evaluating and watching have in common."""
    parser.add_argument(
        "--seed",
        type=int,
        help="seed of the games, other ones than training plays (default: the seed of the run)",
    )
    parser.add_argument(
        "--env-kwargs",
        type=key_value,
        nargs="+",
        default=[],
        metavar="NAME:VALUE",
        help="settings of the environment that replace those of the run's evaluations",
    )


def evaluation_seed_of(arguments: Namespace) -> int | None:
    """Return the seed that was given, if it can be one.

    :raises UsageError: If it is out of range
    """
    seed: int | None = arguments.seed
    if seed is not None and not 0 <= seed < EVAL_SEED_OFFSET:
        raise UsageError(f"--seed is {seed}: it must lie in 0..{EVAL_SEED_OFFSET - 1}")
    return seed


def evaluate_run(folder: RunFolder, evaluation: Evaluation) -> dict[str, Any]:
    """Evaluate a finished run's agent and write ``evaluation.json`` into its folder.

    :return: What evaluation.json would hold if it held these evaluations only
    :raises UsageError: If the run's weights, its environment or its folder cannot be used
    """
    # More threads would add up numbers in another order, and the games would part.
    torch.set_num_threads(1)
    if not os.access(folder.path, os.W_OK):
        raise UsageError(f"{folder.path} cannot be written")
    config = evaluation_config(folder.config, evaluation.env_kwargs)
    seed = evaluation_seed(config, evaluation.seed)
    n_envs = min(evaluation.n_envs, evaluation.n_eval_episodes)
    about = _describe(folder, config)
    earlier = _earlier(folder, about)
    with closing(make_run_env(config, n_envs=n_envs, seed=seed)) as env:
        policy = load_policy(folder, env, evaluation.device)
        has_coordinates = bool(coord_layers(policy))
        if evaluation.blind and not has_discrete_actions(policy):
            raise UsageError(f"{folder.path}: its actions are continuous, --blind draws from a few")
        records = [
            {
                "deterministic": deterministic,
                "coordinates": coordinates if has_coordinates else None,
                "env_kwargs": config.env_kwargs,
                "eval_seed": seed,
                "n_envs": n_envs,
                **_play(policy, env, seed, evaluation, deterministic, coordinates),
                "provenance": provenance(),
            }
            for deterministic in evaluation.deterministic
            for coordinates in _switches(has_coordinates and evaluation.without_coordinates)
        ]
    if has_coordinates:
        draw_coordinate_maps(policy, folder.path / MAPS)
    _save(folder, about, earlier, records)
    return {**about, "evaluations": records}


def evaluation_config(config: RunConfig, env_kwargs: Mapping[str, Any]) -> RunConfig:
    """Return a run's configuration as its agent is evaluated: in one thread.

    :param env_kwargs: Settings of the environment that replace those of the run's evaluations
    :raises UsageError: If a setting is unknown or out of its range
    """
    settings = {**config.env_kwargs, **config.eval_env_kwargs, **env_kwargs}
    changes = {"env_kwargs": settings, "eval_env_kwargs": {}, "num_threads": 1}
    try:
        return RunConfig.model_validate({**config.model_dump(mode="json"), **changes})
    except ValidationError as error:
        raise explain(error, "env_kwargs", RunConfig) from None


def evaluation_seed(config: RunConfig, seed: int | None) -> int:
    """Return the seed of the games that a run's agent is evaluated in.

    :param config: The run, whose seed the arms of a cell share
    :param seed: Another seed in its place
    """
    return EVAL_SEED_OFFSET + (config.seed if seed is None else seed)


def _switches(both: bool) -> tuple[bool, ...]:
    return (True, False) if both else (True,)


def _play(
    policy: ActorCriticPolicy,
    env: VecEnv,
    seed: int,
    evaluation: Evaluation,
    deterministic: bool,
    coordinates: bool,
) -> dict[str, Any]:
    """Play the games of one record; every record begins from the same random states."""
    set_random_seed(seed, using_cuda=policy.device.type == "cuda")
    env.seed(seed)
    sample = ObservationSample(OBSERVATIONS, seed)
    n_games = evaluation.n_eval_episodes
    with nullcontext() if coordinates else without_coordinates(policy):
        games = evaluate_policy(
            policy, env, n_games, deterministic, callback=sample, return_episode_rewards=True
        )
        chosen = _probabilities(policy, sample, deterministic)
    record = {
        "n_eval_episodes": n_games,
        **_summed_up(games),
        "reliance": _reliance(policy, sample) if coordinates else None,
        "information": None if chosen is None else information(chosen),
    }
    if evaluation.blind and chosen is not None:
        env.seed(seed)
        blind = BlindPolicy(chosen, seed)
        record["blind"] = _summed_up(
            evaluate_policy(blind, env, n_games, return_episode_rewards=True)
        )
    return record


def _summed_up(games: tuple[Any, ...]) -> dict[str, Any]:
    """Sum up games, given as SB3's ``evaluate_policy`` returns them."""
    returns, lengths = (np.asarray(values).tolist() for values in games)
    interval = mean_interval(returns)
    return {
        "mean": float(np.mean(returns)),
        "sd": sample_sd(returns),
        "interval": None if interval is None else list(interval),
        "returns": returns,
        "lengths": lengths,
    }


def _probabilities(
    policy: ActorCriticPolicy, sample: ObservationSample, deterministic: bool
) -> Probabilities | None:
    if not has_discrete_actions(policy):
        return None
    return action_probabilities(policy, sample.observations(), deterministic=deterministic)


def _reliance(policy: ActorCriticPolicy, sample: ObservationSample) -> dict[str, Any] | None:
    if not coord_layers(policy):
        return None
    observations = sample.observations()
    if len(observations) < 2:
        return None
    measured = asdict(coordinate_reliance(policy, observations))
    return {**measured, "observations": len(observations)}


def _describe(folder: RunFolder, config: RunConfig) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "game": config.env,
        "algorithm": config.algo,
        "arm": config.arm.name,
        "seed": config.seed,
        "protocol": config.protocol,
        "config_hash": folder.config.hash,
        "weights_sha256": hashlib.sha256((folder.path / WEIGHTS).read_bytes()).hexdigest(),
    }


def _earlier(folder: RunFolder, about: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records that are there already, of the same weights."""
    path = folder.path / EVALUATION
    if not path.exists():
        return []
    there = read_json(path)
    if any(there.get(name) != value for name, value in about.items()):
        return []
    records = there.get("evaluations")
    if not isinstance(records, list) or any(
        not isinstance(record, dict) or not record.keys() >= set(SAME) for record in records
    ):
        raise UsageError(f"{path} is damaged: delete it to evaluate again")
    return records


def _save(
    folder: RunFolder,
    about: dict[str, Any],
    earlier: list[dict[str, Any]],
    records: list[dict[str, Any]],
) -> None:
    new = [[record[name] for name in SAME] for record in records]
    kept = [record for record in earlier if [record[name] for name in SAME] not in new]
    write_json(folder.path / EVALUATION, {**about, "evaluations": kept + records})


def draw_coordinate_maps(network: torch.nn.Module, path: Path) -> None:
    """Draw the coordinate maps of all CoordConv layers of a policy, a panel a layer."""
    maps = coordinate_maps(network)
    columns = min(len(maps), COLUMNS)
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(columns * INCHES, rows * INCHES), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for panel in panels:
        panel.axis("off")
    for panel, (name, values) in zip(figure.axes, maps.items(), strict=False):
        panel.imshow(map_image(values), interpolation="nearest")
        panel.set_title(f"{name}\nred +, blue -, full colour {values.abs().max():.2g}", fontsize=8)
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=150))
