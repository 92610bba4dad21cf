"""Environments that can be put back, bit for bit, where an interrupted run left them."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

State = dict[str, Any]
"""What a checkpoint holds of the environments: numbers, lists and tensors, nothing to unpickle."""


@runtime_checkable
class Resumable(Protocol):
    """What a vector of environments must do for its run to be resumed exactly."""

    def mark(self) -> None:
        """Allow the environments to begin a shorter history, at a fixed point of the run.

        They may start their next games from seeds. Marks therefore belong to a run's definition.
        """

    def get_state(self) -> State:
        """Describe how the environments stand, between two steps.

        :raises RuntimeError: If that cannot be described
        """

    def set_state(self, state: State, replayed: Callable[[int], None] = ...) -> VecEnvObs:
        """Put new environments where others stood.

        :param state: What their ``get_state()`` gave
        :param replayed: Called with the number of steps played again, as they are played
        :return: The observations at that point
        """


def unseen(_steps: int) -> None:
    """Let nobody know how far a replay is."""


def as_resumable(env: object) -> Resumable:
    """Return environments that can be resumed, as such.

    :raises TypeError: If they cannot
    """
    if not isinstance(env, Resumable):
        raise TypeError(f"{env} cannot be resumed: make it with make_env(..., resumable=True)")
    return env


class ActionLog:
    """The actions of a vector of environments, one row a step."""

    def __init__(self, action_space: spaces.Space[Any], n_envs: int) -> None:
        shape, dtype = action_space.shape, action_space.dtype
        if shape is None or dtype is None:
            raise ValueError(f"actions {action_space} have no shape: they cannot be recorded")
        if isinstance(action_space, spaces.Discrete) and _fits_a_byte(action_space):
            dtype = np.dtype(np.uint8)
        self._dtype = dtype
        self._shape = (n_envs, *shape)
        self._row_bytes = int(np.prod(self._shape)) * dtype.itemsize
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes) // self._row_bytes

    def append(self, actions: npt.NDArray[Any]) -> None:
        """Add the actions of one step, shape (n_envs, *action shape)."""
        self._bytes += actions.astype(self._dtype).tobytes()

    def forget(self, steps: int) -> None:
        """Remove the oldest steps."""
        del self._bytes[: steps * self._row_bytes]

    def replace(self, actions: torch.Tensor) -> None:
        """Take other actions in place of all, as ``as_tensor()`` gives them."""
        self._bytes = bytearray(actions.numpy().tobytes())

    def as_tensor(self) -> torch.Tensor:
        """Return all actions, shape (steps, n_envs, *action shape)."""
        rows = np.frombuffer(bytes(self._bytes), dtype=self._dtype).reshape(-1, *self._shape)
        return torch.from_numpy(rows.copy())


def _fits_a_byte(space: spaces.Discrete) -> bool:
    return bool(space.start >= 0 and space.start + space.n <= 256)


class ReplayVecEnv(VecEnvWrapper):
    """Makes any deterministic, seeded environments resumable: their whole past is played again.

    Resuming takes as long as all steps so far without the learning. Games with a cheaper way have
    classes of their own.

    :param venv: Environments that were given a seed and have not been reset yet
    """

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv)
        self._log = ActionLog(venv.action_space, venv.num_envs)
        self._resets = 0

    def reset(self) -> VecEnvObs:
        """Reset the environments; only the first reset can be repeated from the seed."""
        self._resets += 1
        return self.venv.reset()

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        """Start a step and remember its actions."""
        self._log.append(np.asarray(actions))
        self.venv.step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Finish a step."""
        return self.venv.step_wait()

    def mark(self) -> None:
        """Do nothing: SB3's environments cannot be given a seed one by one."""

    def get_state(self) -> State:
        """Return all actions since the first reset.

        :raises RuntimeError: If the environments were not reset exactly once
        """
        if self._resets != 1:
            raise RuntimeError(f"environments reset {self._resets} times cannot be resumed")
        return {"actions": self._log.as_tensor()}

    def set_state(self, state: State, replayed: Callable[[int], None] = unseen) -> VecEnvObs:
        """Play the recorded actions in new environments."""
        observations = self.reset()
        for step, actions in enumerate(state["actions"].numpy()):
            played = actions.astype(self.action_space.dtype)
            observations, _, _, _ = self.step(played)
            replayed(step)
        return observations
