"""Does an agent know where things are? A linear read-out of the features of trained agents."""

from contextlib import closing
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.policies import ActorCriticPolicy

from agents.play.agent import load_policy
from agents.probe.frames import Frames, play
from agents.probe.learning import Errors, errors
from agents.run.folder import RunFolder
from agents.training.model import make_run_env, policy_kwargs
from envs.objects import Places, coordinates

RIDGE = 1e-3
"""Penalty of the read-out, of features and places of variance 1."""


def read_out(folder: RunFolder, n_frames: int, seed: int) -> dict[str, Any]:
    """Read places out of the frozen features of a run's agent, on frames that it played itself.

    Beside it, out of the features of the same network before it was trained: what architecture
    alone gives.

    :param n_frames: Frames to fit the read-out on; a quarter as many, of other games, test it
    :return: The run, and errors of the trained and the untrained network
    """
    config = folder.config
    with closing(make_run_env(config, n_envs=1)) as env:
        policy = load_policy(folder, env)
        torch.manual_seed(config.seed)
        untrained: ActorCriticPolicy = config.arm.policy_class()(
            env.observation_space, env.action_space, lambda _: 0.0, **policy_kwargs(config)
        )
    torch.manual_seed(seed)  # of the actions that are drawn
    train = play(config.env, n_frames, seed, policy)
    test = play(config.env, -(-n_frames // 4), seed + 1, policy)
    found = {
        what: asdict(fit(features(network, train), train, features(network, test), test))
        for what, network in (("trained", policy), ("untrained", untrained))
    }
    names = [" ".join(pair) for pair in coordinates(config.env)]
    run = {"game": config.env, "algo": config.algo, "arm": config.arm.name, "seed": config.seed}
    return {**run, "n_frames": n_frames, "probe_seed": seed, "coordinates": names, **found}


@torch.no_grad()
def features(policy: ActorCriticPolicy, frames: Frames) -> Places:
    """Compute what the actor's extractor makes of frames, shape (n, features)."""
    policy.set_training_mode(False)
    found = []
    for part in np.array_split(frames.images, -(-len(frames) // 256)):
        extracted = policy.extract_features(torch.from_numpy(part).to(policy.device))
        actors = extracted[0] if isinstance(extracted, tuple) else extracted
        found.append(actors.cpu().numpy().astype(np.float64))
    return np.concatenate(found)


def fit(x_train: Places, train: Frames, x_test: Places, test: Frames) -> Errors:
    """Fit a ridge regression of each coordinate, on frames where it is seen, and test it.

    What is never seen has no errors: NaN.
    """
    mean, scale = x_train.mean(0), x_train.std(0)
    scale[scale < 1e-8] = 1.0
    x_train, x_test = (x_train - mean) / scale, (x_test - mean) / scale
    predicted = np.full(test.places.shape, np.nan)
    for number, values in enumerate(train.places.T):
        seen = ~np.isnan(values)
        if seen.sum() < 2:
            continue
        centre, spread = values[seen].mean(), max(values[seen].std(), 1e-8)
        x, y = x_train[seen], (values[seen] - centre) / spread
        offset = x.mean(0)
        x = x - offset
        penalty = RIDGE * len(x) * np.eye(x.shape[1])
        weights = np.linalg.solve(x.T @ x + penalty, x.T @ y)
        predicted[:, number] = ((x_test - offset) @ weights) * spread + centre
    return errors(predicted, test.places)
