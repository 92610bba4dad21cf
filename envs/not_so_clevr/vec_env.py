"""Not-so-Clevr as a Stable-Baselines3 ``VecEnv``, all environments in one array."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from envs.checks import check_actions, check_at_least
from envs.fixed_vec_env import FixedVecEnv
from envs.not_so_clevr.env import NotSoClevrEnv
from envs.not_so_clevr.rules import Rules
from envs.resumable import unseen
from envs.seeding import game_seed

Observations = npt.NDArray[np.uint8]

_BLOCK = 256  # places drawn at a time; they are the ones that single draws would give
_SHARED_ATTRIBUTES = ("render_mode", "metadata", "observation_space", "action_space", "rules")


class NotSoClevrVecEnv(FixedVecEnv):
    """Not-so-Clevr, many at a time.

    Observations have shape (n_envs, 1, canvas_size, canvas_size), uint8. Environment i plays what a
    :class:`~envs.not_so_clevr.NotSoClevrEnv` plays that is seeded with ``game_seed(seed, i)``
    at its first episode and continues its stream afterwards. All episodes have the same length, so
    all environments start and end theirs together.

    ``infos[i]["episode"]`` appears at the end of an episode, as from SB3's ``Monitor``: ``r`` the
    return, ``l`` its steps, ``t`` seconds since construction.

    :param n_envs: number of environments, at least 1
    :param seed: seed of the run, at least 0
    :raises ValueError: if a number is out of its range
    """

    _fixed = "Not-so-Clevr is fixed once made, pass settings to make_env"
    render_mode: str | None = "rgb_array"

    def __init__(self, rules: Rules, n_envs: int, seed: int) -> None:
        check_at_least(1, n_envs=n_envs)
        check_at_least(0, seed=seed)
        self.rules = rules
        self.metadata: dict[str, Any] = NotSoClevrEnv.metadata
        shape = (1, rules.canvas_size, rules.canvas_size)
        space = spaces.Box(0, 255, shape=shape, dtype=np.uint8)
        super().__init__(n_envs, space, spaces.Discrete(rules.n_actions))
        self._started_at = time.time()
        self.seed(seed)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Make the next ``reset()`` start the episodes of a run afresh.

        :param seed: seed of the run, at least 0; None draws one from NumPy's global state, as SB3
        :return: the seed each environment starts from
        :raises ValueError: if the seed is negative
        """
        (run_seed, *_) = super().seed(seed)
        assert run_seed is not None
        self._seeds = [game_seed(run_seed, index) for index in range(self.num_envs)]
        return self._seeds

    def reset(self) -> Observations:
        """Start an episode in every environment, seeded after a call of ``seed()``."""
        if self._seeds[0] is not None:
            self._generators = [np.random.default_rng(seed) for seed in self._seeds]
            self._draw_block()
        self._reset_seeds()
        self._reset_options()
        return self._start_episodes()

    def step_async(self, actions: npt.NDArray[np.integer[Any]]) -> None:
        """Choose the actions that ``step_wait()`` plays.

        :param actions: one action an environment, shape (n_envs,)
        :raises ValueError: if shape, type or range are wrong
        """
        self._actions = check_actions(actions, self.num_envs, self.rules.n_actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Answer, and show the next squares.

        :return: observations, rewards (float32), dones and infos
        """
        rewards = self.rules.rewards[self.rules.cells[self._places], self._actions]
        self._returns += rewards
        self._answered += 1
        over = self._answered == self.rules.episode_steps
        if over:
            infos = self._final_infos()
            self._start_episodes()
        else:
            infos = [{"TimeLimit.truncated": False} for _ in range(self.num_envs)]
            self._show_new_squares()
        dones = np.full(self.num_envs, over)
        return self._observations, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def mark(self) -> None:
        """Do nothing: a state is short however long the run."""

    def get_state(self) -> dict[str, Any]:
        """Tell everything that decides how the environments go on.

        :return: plain values only: ``torch.load(..., weights_only=True)`` reads what was saved
        :raises RuntimeError: before the first ``reset()``
        """
        if not hasattr(self, "_generators"):
            raise RuntimeError("there is no state before the first reset()")
        return {
            "generators": self._block_states,
            "drawn": self._drawn,
            "answered": self._answered,
            "returns": self._returns.tolist(),
        }

    def set_state(
        self,
        state: dict[str, Any],
        replayed: Callable[[int], None] = unseen,  # noqa: ARG002
    ) -> Observations:
        """Go on from a state as the environments that told it would have.

        :param state: what ``get_state()`` of as many environments with the same rules returned
        :return: the observations that were last returned there
        :raises ValueError: if the number of environments is another one
        """
        if len(state["generators"]) != self.num_envs:
            raise ValueError(
                f"this is the state of {len(state['generators'])} environments, not {self.num_envs}"
            )
        self._generators = [np.random.default_rng() for _ in range(self.num_envs)]
        for generator, generator_state in zip(self._generators, state["generators"], strict=True):
            generator.bit_generator.state = generator_state
        self._draw_block()
        self._reset_seeds()
        self._answered = state["answered"]
        self._returns = np.array(state["returns"])
        self._drawn = state["drawn"] - 1
        return self._show_new_squares()

    def get_images(self) -> Sequence[npt.NDArray[np.uint8] | None]:
        """Show the canvases.

        :return: one RGB image an environment, shape (canvas_size, canvas_size, 3)
        """
        return list(np.repeat(self._observations[:, 0, :, :, None], 3, axis=3))

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Look up a property, the same in all environments.

        :param attr_name: ``"render_mode"``, ``"metadata"``, ``"observation_space"``,
            ``"action_space"`` or ``"rules"``
        :param indices: environments to ask, all by default
        :raises AttributeError: for any other name
        """
        if attr_name not in _SHARED_ATTRIBUTES:
            raise AttributeError(
                f"Not-so-Clevr has no attribute {attr_name!r}: "
                f"choose from {', '.join(_SHARED_ATTRIBUTES)}"
            )
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def env_method(
        self,
        method_name: str,
        *method_args: Any,  # noqa: ARG002 (SB3's signature)
        indices: VecEnvIndices = None,
        **method_kwargs: Any,  # noqa: ARG002
    ) -> list[Any]:
        """Call a method of the environments.

        :param method_name: ``"render"``
        :param indices: environments to ask, all by default
        :raises AttributeError: for any other name
        """
        if method_name != "render":
            raise AttributeError(f"Not-so-Clevr has no method {method_name!r}: choose render")
        images = self.get_images()
        return [images[index] for index in self._get_indices(indices)]

    def _start_episodes(self) -> Observations:
        self._answered = 0
        self._returns = np.zeros(self.num_envs)
        return self._show_new_squares()

    def _show_new_squares(self) -> Observations:
        if self._drawn == _BLOCK:
            self._draw_block()
        self._places = self._block[self._drawn]
        self._drawn += 1
        self._observations = self.rules.draw(self._places)[:, None]
        return self._observations

    def _draw_block(self) -> None:
        """Draw the next places of all environments, shape (_BLOCK, n_envs)."""
        self._block_states = [generator.bit_generator.state for generator in self._generators]
        n_places = len(self.rules.places)
        draws = [generator.integers(n_places, size=_BLOCK) for generator in self._generators]
        self._block = np.stack(draws, axis=1)
        self._drawn = 0

    def _final_infos(self) -> list[dict[str, Any]]:
        seconds = round(time.time() - self._started_at, 6)
        return [
            {
                "TimeLimit.truncated": False,
                "terminal_observation": seen,
                "episode": {"r": round(total, 6), "l": self._answered, "t": seconds},
            }
            for seen, total in zip(self._observations, self._returns.tolist(), strict=True)
        ]
