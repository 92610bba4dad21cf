"""Does an agent know where things are? A linear read-out of the features of trained agents."""

import json
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.policies import ActorCriticPolicy

from agents.play.agent import load_policy
from agents.probe.frames import N_ENVS, TEST_SEEDS, Frames, play, unlike
from agents.probe.learning import SIZE, Errors, average, errors
from agents.probe.verdicts import IMAGE, OWN, RANDOM, TRAINED, UNTRAINED
from agents.run.folder import RunFolder
from agents.run.provenance import builds
from agents.training.model import make_run_env, policy_kwargs
from common.errors import UsageError
from common.files import read_json, write_json
from envs.objects import Places, coordinates

PENALTIES = tuple(10.0**power for power in range(-4, 3))
"""Of the read-out, of features and places of variance 1; that one is taken which names places best
in a game that it was not fitted on."""


FORMAT = 2
RANDOM_SEED = 900_000
"""Of the games of random play."""


def read_run(folder: RunFolder, n_frames: int, seed: int, output: Path | None) -> dict[str, Any]:
    """Read places out of a run's agent, or take what was read before, see :func:`read_out`.

    :param output: Where a file is written for each run; nowhere if None
    """
    if output is None:
        return read_out(folder, n_frames, seed)
    path = output / f"{folder.config.relative_folder}.json"
    weights = folder.record.get("fingerprints", {}).get(str(folder.config.n_timesteps))
    wanted = {"format": FORMAT, "weights": weights, "n_frames": n_frames, "probe_seed": seed}
    if path.exists() and wanted.items() <= (record := read_json(path)).items():
        return record
    record = {**wanted, **read_out(folder, n_frames, seed)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, record)
    return record


def read_out(folder: RunFolder, n_frames: int, seed: int) -> dict[str, Any]:
    """Read places out of the frozen features of a run's agent.

    Beside it, out of the features of the same network before it was trained: what architecture
    alone gives; and out of the newest image at half its size: what needs no features.

    :param n_frames: Frames to fit the read-out on; as many, of other games, test it
    :return: The run, and on frames that the agent played itself as on those of random play the
        errors of each, and how many frames of the test were left out as the fit had seen their
        images
    :raises UsageError: If its images are not of the size in which places are known
    """
    torch.set_num_threads(1)
    config = folder.config
    with closing(make_run_env(config, n_envs=1)) as env:
        shape = (config.hyperparams.frame_stack, SIZE, SIZE)
        if env.observation_space.shape != shape:
            raise UsageError(
                f"{folder.path}: its images have the shape {env.observation_space.shape}, places "
                f"are known in grey ones, {shape}"
            )
        policy = load_policy(folder, env)
        torch.manual_seed(config.seed)
        untrained: ActorCriticPolicy = config.arm.policy_class()(
            env.observation_space, env.action_space, lambda _: 0.0, **policy_kwargs(config)
        )
    rules = {"protocol": config.protocol, "frame_stack": config.hyperparams.frame_stack}
    rules |= dict(config.env_kwargs)
    torch.manual_seed(seed)  # of the actions that are drawn
    split = {
        OWN: _split(config.env, n_frames, seed, policy, rules),
        RANDOM: _random_split(config.env, n_frames, RANDOM_SEED + seed, json.dumps(rules)),
    }
    found = {}
    for what, frames in split.items():
        if not len(frames.test):
            raise UsageError(f"{folder.path}: its games are all alike, give more --frames")
        networks = {TRAINED: policy, UNTRAINED: untrained}
        read = {name: asdict(_read(network, frames)) for name, network in networks.items()}
        read[IMAGE] = asdict(frames.of_images)
        found[what] = {"n_identical_left_out": frames.n_left_out, **read}
    names = [" ".join(pair) for pair in coordinates(config.env)]
    run = {"game": config.env, "algo": config.algo, "arm": config.arm.name, "seed": config.seed}
    run |= {"n_timesteps": config.n_timesteps, "rules": rules, "builds": builds()}
    return {**run, "coordinates": names, **found}


@dataclass(frozen=True)
class Split:
    """Frames that a read-out is fitted on, and those of other games that test it.

    ``n_left_out`` frames are not in the test, as the fit has seen their images.
    """

    train: Frames
    test: Frames
    n_left_out: int

    @cached_property
    def of_images(self) -> Errors:
        """What is read out of the images at half their size."""
        return fit(half_size(self.train), self.train, half_size(self.test), self.test)


def _split(
    game: str, n_frames: int, seed: int, player: ActorCriticPolicy | None, rules: dict[str, Any]
) -> Split:
    train = play(game, n_frames, seed, player, **rules)
    test = play(game, n_frames, TEST_SEEDS + seed, player, **rules)
    new = unlike(test, train)
    return Split(train, test[new], int((~new).sum()))


@lru_cache(maxsize=1)
def _random_split(game: str, n_frames: int, seed: int, rules: str) -> Split:
    """Play at random, once for all agents of a game that follow each other; rules as JSON."""
    return _split(game, n_frames, seed, None, json.loads(rules))


def _read(policy: ActorCriticPolicy, frames: Split) -> Errors:
    """Read places out of a policy's features."""
    x_train, x_test = features(policy, frames.train), features(policy, frames.test)
    return fit(x_train, frames.train, x_test, frames.test)


def lines(result: dict[str, Any]) -> list[str]:
    """Say in a line each what was read out of a run."""
    run = f"{result['game']} {result['algo']} {result['arm']} seed {result['seed']}"
    told = []
    for frames in (OWN, RANDOM):
        for what in (TRAINED, UNTRAINED, IMAGE):
            found = result[frames][what]
            rows = zip(result["coordinates"], found["pixels"], strict=True)
            texts = [
                f"{name} {'not seen' if pixels is None else f'{pixels:.1f} px'}"
                for name, pixels in rows
            ]
            skill = f"skill {found['skill']:.2f}: " if found["skill"] is not None else ""
            told.append(f"{run}, {frames} frames, {what}: {skill}{', '.join(texts)}")
    return told


def half_size(frames: Frames) -> Places:
    """Return the newest images, averaged over 2x2 pixels, shape (n, pixels)."""
    newest = frames.images[:, -1].astype(np.float64)
    n, rows, columns = newest.shape
    squares = newest.reshape(n, rows // 2, 2, columns // 2, 2)
    return np.asarray(squares.mean((2, 4)).reshape(n, -1))


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

    :param train: Frame ``i`` of the game ``i % N_ENVS``, as :func:`play` returns them
    """
    mean, scale = x_train.mean(0), x_train.std(0)
    scale[scale < 1e-8] = 1.0
    x_train, x_test = (x_train - mean) / scale, (x_test - mean) / scale
    games = np.arange(len(x_train)) % N_ENVS
    predicted = np.full(test.places.shape, np.nan)
    seen = ~np.isnan(train.places)
    for together in np.unique(seen, axis=1).T:  # an object's coordinates are seen together
        columns = (seen == together[:, None]).all(axis=0)
        if together.sum() >= 2:
            x, y = x_train[together], train.places[np.ix_(together, columns)]
            named = Ridge(x, y).predict(x_test, best_penalties(x, y, games[together]))
            predicted[:, columns] = named.clip(0, SIZE - 1)  # a place is in the image
    return errors(predicted, test.places, average(train.places))


class Ridge:
    """Ridge regressions on the same features with any penalties, by one eigendecomposition.

    Computed by torch, whose number of threads can be set: numpy's are as many as there are cores,
    and so the last bits depend on the machine.

    :param x: Shape (n, features)
    :param y: Shape (n, targets)
    """

    def __init__(self, x: Places, y: Places) -> None:
        self._x_mean, self._y_mean, self._n = x.mean(0), y.mean(0), len(x)
        self._y_std = np.maximum(y.std(0), 1e-8)
        centred = torch.from_numpy(x - self._x_mean)
        self._values, self._vectors = torch.linalg.eigh(centred.T @ centred)
        standard = torch.from_numpy((y - self._y_mean) / self._y_std)
        self._targets = self._vectors.T @ (centred.T @ standard)

    def predict(self, x: Places, penalties: Places) -> Places:
        """Predict, by the fit with a penalty for each target; shape (n, targets)."""
        added = torch.from_numpy(penalties * self._n)
        shrunk = self._targets / (self._values.clamp(min=0)[:, None] + added)
        named = torch.from_numpy(x - self._x_mean) @ (self._vectors @ shrunk)
        return np.asarray(named.numpy() * self._y_std + self._y_mean)


def best_penalties(x: Places, y: Places, games: npt.NDArray[np.int64]) -> Places:
    """Choose each target's penalty with the least squared error in games left out in turn.

    The largest, if there is only one game.
    """
    candidates = np.array(sorted(PENALTIES, reverse=True))
    wrong = np.zeros((len(candidates), y.shape[1]))
    for game in np.unique(games):
        rest = games != game
        if rest.sum() < 2:
            continue
        ridge = Ridge(x[rest], y[rest])
        for number, penalty in enumerate(candidates):
            named = ridge.predict(x[~rest], np.full(y.shape[1], penalty))
            wrong[number] += ((named - y[~rest]) ** 2).sum(axis=0)
    return np.asarray(candidates[wrong.argmin(axis=0)])
