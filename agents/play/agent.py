"""Finished runs and the agents they trained: found, checked, and loaded without unpickling."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.utils import ConstantSchedule
from stable_baselines3.common.vec_env import VecEnv

from agents.run.folder import RUN_FILE, RunFolder
from agents.training.model import check_arm, policy_kwargs
from common.command_line import tell
from common.errors import UsageError
from common.files import read_bytes
from coordrl.compare import CompareError
from coordrl.compare.reading.folders import find_run_folders

WEIGHTS = "policy.safetensors"
LARGEST_WEIGHTS = 4 * 2**30
"""Bytes of the largest file of weights that is read."""


def find_runs(
    paths: Sequence[Path], trust: bool = False, follow_links: bool = False
) -> tuple[list[RunFolder], list[str]]:
    """Find the finished runs that paths name.

    :param paths: Folders of runs, or folders with runs below them, such as a study's
    :return: The runs, each once, and for every unfinished run below a folder why it is left out
    :param trust: Whether code of the user's own may be imported
    :param follow_links: Whether to read what links to folders lead to
    :raises UsageError: If a path leads to no finished run, or names a run that is not finished; or
        at a link to a folder, unless links are followed
    """
    runs: dict[Path, RunFolder] = {}
    left_out: list[str] = []
    for path in paths:
        run = RunFolder(path)
        if run.exists:
            found = [run.trusted(trust)]
            check_finished(run)
        else:
            found, reasons = _finished_below(path, trust, follow_links)
            left_out += reasons
        runs.update((run.path.resolve(), run) for run in found)
    return list(runs.values()), left_out


def check_finished(folder: RunFolder) -> None:
    """Check that a run has ended well and left its weights.

    :raises UsageError: If it has not
    """
    if not folder.finished:
        raise UsageError(f"{folder.path} is not finished: {folder.record.get('status')}")
    if not (folder.path / WEIGHTS).is_file():
        raise UsageError(f"{folder.path} has no {WEIGHTS}, which holds the agent's weights")


def load_policy(folder: RunFolder, env: VecEnv, device: str = "cpu") -> ActorCriticPolicy:
    """Load the agent that a run has trained.

    The network is made as ``run.json`` describes it and takes its weights from
    ``policy.safetensors``: nothing is unpickled.

    :param folder: The finished run
    :param env: Environments with the spaces of those it was trained in
    :param device: Where the policy is to be
    :raises UsageError: If the weights are damaged, or do not fit the run or the environments
    """
    config, path = folder.config, folder.path / WEIGHTS
    content = read_bytes(path, LARGEST_WEIGHTS)
    known = folder.record.get("fingerprints", {}).get(str(config.n_timesteps))
    if hashlib.sha256(content).hexdigest() != known:
        raise UsageError(f"{path} is damaged: these are not the weights that the run ended with")
    check_arm(config.arm, env)
    policy: ActorCriticPolicy = config.arm.policy_class()(
        env.observation_space, env.action_space, ConstantSchedule(0.0), **policy_kwargs(config)
    )
    try:
        weights = load(content)
    except SafetensorError as error:
        raise UsageError(f"{path} is damaged: {error}") from None
    if not all(bool(torch.isfinite(values).all()) for values in weights.values()):
        raise UsageError(f"{path} has weights that are no finite numbers: the training diverged")
    _take_weights(policy, weights, path)
    policy.set_training_mode(False)
    return policy.to(device)


def runs_below(folder: Path, follow_links: bool) -> tuple[list[Path], list[str]]:
    """Find the folders of runs below a folder, each once, and what to say of links.

    :param follow_links: Whether to read what links to folders lead to
    :raises UsageError: At a link to a folder, unless links are followed
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: give a run's or a study's")
    try:
        return find_run_folders(folder, follow_links=follow_links)
    except CompareError as error:
        raise UsageError(str(error)) from None


def _finished_below(
    folder: Path, trust: bool, follow_links: bool
) -> tuple[list[RunFolder], list[str]]:
    found: list[RunFolder] = []
    paths, links = runs_below(folder, follow_links)
    for note in links:
        tell(note)
    reasons: list[str] = []
    for path in paths:
        run = RunFolder(path)
        try:
            check_finished(run.trusted(trust))
        except UsageError as error:
            reasons.append(str(error))
        else:
            found.append(run)
    if not found:
        why = reasons[0] if reasons else f"no {RUN_FILE} below it"
        raise UsageError(f"{folder} holds no finished run: {why}")
    return found, reasons


def _take_weights(policy: ActorCriticPolicy, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Copy weights, which the file holds once, under the first of their names."""
    state = policy.state_dict()
    once = [*dict(policy.named_parameters()), *dict(policy.named_buffers())]
    needed = {name: state[name].shape for name in once if name in state}
    for name, shape in needed.items():
        if name not in weights:
            raise UsageError(f"{path} has no {name}, which the run's network needs")
        if weights[name].shape != shape:
            raise UsageError(
                f"{path} has {name} of shape {tuple(weights[name].shape)}, "
                f"but the network here needs {tuple(shape)}"
            )
    _, unexpected = policy.load_state_dict(weights, strict=False)
    if unexpected:
        raise UsageError(f"{path} has {unexpected[0]}, which the run's network does not have")
