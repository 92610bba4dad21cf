"""Atari games whose run can be resumed exactly: ALE's vector environment cannot save its state."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from envs.atari_vec_env import AtariVecEnv, Mask, Observations
from envs.games import Game
from envs.protocols import Protocol
from envs.resumable import ActionLog, State, unseen
from envs.seeding import game_seed


class ResumableAtariVecEnv(AtariVecEnv):
    """An ``AtariVecEnv`` that remembers what every environment did since it was last given a seed.

    A seeded game depends on its seed alone, so the past before it need not be known. Seeding costs
    0.3 CPU seconds (ALE loads the ROM again), so it is done once after each ``mark()``: at the
    first game that an environment starts then. With marks every twentieth of a run, resuming plays
    about that much of it again, without learning.

    :param n_envs: number of environments, at least 1
    :param seed: seed of the run, at least 0
    :param num_threads: threads that step the environments, at least 1
    :raises ValueError: if a number is out of its range
    """

    def __init__(
        self, game: Game, n_envs: int, seed: int, protocol: Protocol, num_threads: int = 1
    ) -> None:
        super().__init__(game, n_envs, seed, protocol, num_threads)
        self._log = ActionLog(self.action_space, n_envs)
        self._marks = 0
        self._due = np.zeros(n_envs, dtype=bool)
        # Of each environment: the mark of its last seeding, and the step in the log that followed.
        self._seeded_at_mark = np.zeros(n_envs, dtype=np.int64)
        self._seeded_at_step = np.full(n_envs, -1)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Make the next ``reset()`` start the games of a run afresh, its marks forgotten."""
        seeds = super().seed(seed)
        self._marks = 0
        return seeds

    def step_async(self, actions: npt.NDArray[np.integer[Any]]) -> None:
        """Choose the actions that ``step_wait()`` plays, and remember them."""
        super().step_async(actions)
        self._log.append(self._actions)

    def mark(self) -> None:
        """Start the next game of every environment from a seed of its own."""
        self._marks += 1
        self._due[:] = True

    def get_state(self) -> State:
        """Describe what each environment did since it was last given a seed.

        :return: seeds and actions, not the emulators' memory
        :raises RuntimeError: if an environment was never given a seed, or reset without one
        """
        if (self._seeded_at_step < 0).any():
            raise RuntimeError("environments that were reset without a seed cannot be resumed")
        return {
            "run_seed": self.run_seed,
            "marks": self._marks,
            "due": self._due.tolist(),
            "seeded_at_mark": self._seeded_at_mark.tolist(),
            "seeded_at_step": self._seeded_at_step.tolist(),
            "actions": self._log.as_tensor(),
        }

    def set_state(self, state: State, replayed: Callable[[int], None] = unseen) -> Observations:
        """Play what other environments did, each from its last seeding on.

        :param state: what their ``get_state()`` gave; number of environments, game and protocol
            must be the same
        :return: the observations at that point
        """
        self.seed(state["run_seed"])
        self._reset_seeds()  # they are used below
        marks, steps = state["seeded_at_mark"], np.array(state["seeded_at_step"])
        seeds = np.array([game_seed(self.run_seed, i, mark) for i, mark in enumerate(marks)])
        self._due[:] = False
        # All must have started before one can start alone; those that are early play for nothing.
        super()._start_games(np.ones(self.num_envs, dtype=bool), seeds)
        for step, actions in enumerate(state["actions"].numpy()):
            if step > 0:
                self._start_seeded(steps == step, seeds)
            self.step(actions)
            replayed(step)
        if len(self._log) > 0:
            self._start_seeded(steps == len(self._log), seeds)
        self._marks = state["marks"]
        self._due = np.array(state["due"])
        self._seeded_at_mark, self._seeded_at_step = np.array(marks), steps
        self._log.replace(state["actions"])  # without what the early ones played
        return self._observations

    def _start_seeded(self, starting: Mask, seeds: npt.NDArray[np.int64]) -> None:
        if starting.any():
            super()._start_games(starting, np.where(starting, seeds, -1))

    def _start_games(
        self, starting: Mask, seeds: npt.NDArray[np.int64] | None = None
    ) -> Observations:
        """Start new games, from seeds where a mark has made them due, and note the seeded ones."""
        whole_reset = seeds is not None
        if seeds is None:
            due = starting & self._due
            if not due.any():
                return super()._start_games(starting)
            new = [game_seed(self.run_seed, index, self._marks) for index in range(self.num_envs)]
            seeds = np.where(due, new, -1)
        observations = super()._start_games(starting, seeds)
        if whole_reset:
            self._seeded_at_step[:] = -1
        self._note(starting & (seeds >= 0))
        return observations

    def _note(self, seeded: Mask) -> None:
        """Note which environments were given a seed; forget the actions that nobody needs now."""
        self._due[seeded] = False
        self._seeded_at_mark[seeded] = self._marks
        self._seeded_at_step[seeded] = len(self._log)
        unneeded = self._seeded_at_step.min()
        if unneeded > 0:
            self._log.forget(unneeded)
            self._seeded_at_step -= unneeded
