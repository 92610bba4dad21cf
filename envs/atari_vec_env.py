"""ALE's native vector environment as a Stable-Baselines3 ``VecEnv``."""

import os
import time
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from ale_py.vector_env import AtariVectorEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from envs.checks import check_actions, check_at_least
from envs.fixed_vec_env import FixedVecEnv
from envs.games import Game
from envs.native import native_env, observation_space
from envs.protocols import Protocol
from envs.seeding import game_seed

Observations = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_FIRE = 1
_EMULATOR_FPS = 60
_SHARED_ATTRIBUTES = (
    "render_mode",
    "metadata",
    "observation_space",
    "action_space",
    "game",
    "protocol",
)


class AtariVecEnv(FixedVecEnv):
    """Atari games of one kind, stepped in ALE's native code, as SB3 knows them.

    Observations have shape (n_envs, frames, height, width), uint8; colour frames have three
    channels each, oldest frame first. In memory the channels come last (torch's channels_last),
    which is what convolutions are fastest in. What ends an episode, and what is clipped, is the
    protocol's.

    - A game that is over is followed at once by a new one: the observation returned is the new
      game's first, ``infos[i]["terminal_observation"]`` the last of the old one.
    - A lost life that ends an episode (``0 < lives < previous lives``, as in SB3's
      ``EpisodicLifeEnv``) leaves the game running: the observation returned is the next episode's
      first too. If the protocol fires, **this environment's next action is replaced by FIRE**,
      since one environment of a native vector cannot be stepped alone as SB3 does behind the
      agent's back. A rollout buffer keeps the action the policy chose.
    - ``infos[i]["episode"]`` appears when a game is really over, as from SB3's ``Monitor`` beneath
      ``AtariWrapper``: ``r`` the unclipped return of the whole game, ``l`` its emulator frames,
      ``t`` seconds since construction.
    - The first ``reset()``, and the first after ``seed()``, starts games whose seeds are derived
      from the run's seed (see :func:`envs.seeding.game_seed`); all later games continue the random
      stream of their environment. The same seed and actions give the same bits, whatever the
      number of threads.
    - The native code keeps only the frames that it hands out: ``render()`` shows the newest frame
      of the observation, at its size and, unless the protocol asks for colour, in gray.

    :param n_envs: number of environments, at least 1
    :param seed: seed of the run, at least 0
    :param num_threads: threads that step the environments, at least 1; ALE starts no more than
        there are cores
    :raises ValueError: if a number is out of its range
    """

    _fixed = "Atari's native environments are fixed once made, pass settings to make_atari_env"
    render_mode: str | None = "rgb_array"

    def __init__(
        self, game: Game, n_envs: int, seed: int, protocol: Protocol, num_threads: int = 1
    ) -> None:
        check_at_least(1, n_envs=n_envs, num_threads=num_threads)
        check_at_least(0, seed=seed)
        self.game = game
        self.protocol = protocol
        self._native: AtariVectorEnv | None = native_env(game, n_envs, protocol, num_threads)
        self.action_meanings = [action.name for action in self._native.ale.get_action_set()]
        space = observation_space(protocol)
        self._observation_shape = space.shape
        super().__init__(n_envs, space, self._native.single_action_space)
        self.metadata: dict[str, Any] = {
            "render_modes": ["human", "rgb_array"],  # SB3 shows RGB frames in a window by itself
            "render_fps": _EMULATOR_FPS / protocol.frame_skip,
        }

        self._started_at = time.time()
        self._process = os.getpid()
        self._fires_after_life_loss = (
            protocol.fire
            and protocol.terminal_on_life_loss
            and len(self.action_meanings) >= 3
            and self.action_meanings[_FIRE] == "FIRE"
        )
        self._fire_next = np.zeros(n_envs, dtype=bool)
        self._lives = np.zeros(n_envs, dtype=np.int32)
        self._returns = np.zeros(n_envs)
        self._observations: Observations = np.zeros((n_envs, *space.shape), dtype=np.uint8)
        self.seed(seed)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Make the next ``reset()`` start the games of a run afresh.

        :param seed: seed of the run, at least 0; None draws one from NumPy's global state, as SB3
        :return: the seed each environment's next game starts from
        :raises ValueError: if the seed is negative
        """
        (run_seed, *_) = super().seed(seed)
        assert run_seed is not None
        self.run_seed = run_seed
        self._seeds = [game_seed(run_seed, index) for index in range(self.num_envs)]
        return self._seeds

    def reset(self) -> Observations:
        """Start a new game in every environment, seeded after a call of ``seed()``."""
        seeds = np.array([-1 if seed is None else seed for seed in self._seeds])
        self._reset_seeds()
        self._reset_options()
        return self._start_games(np.ones(self.num_envs, dtype=bool), seeds)

    def step_async(self, actions: npt.NDArray[np.integer[Any]]) -> None:
        """Choose the actions that ``step_wait()`` plays.

        :param actions: one action an environment, shape (n_envs,)
        :raises ValueError: if shape, type or range are wrong (ALE would wait for ever)
        """
        chosen = check_actions(actions, self.num_envs, len(self.action_meanings))
        self._actions = np.where(self._fire_next, _FIRE, chosen)

    def step_wait(self) -> VecEnvStepReturn:
        """Play the chosen actions and start a new game wherever one is over.

        :return: observations, rewards (float32), dones and infos
        """
        frames, rewards, terminated, truncated, native_info = self._running().step(self._actions)
        self._observations = self._as_observations(frames)
        self._returns += rewards
        lives = native_info["lives"]
        infos: list[dict[str, Any]] = [
            {"lives": left, "TimeLimit.truncated": False} for left in lives.tolist()
        ]

        game_over = terminated | truncated
        life_lost = self._ended_by_life_loss(lives)
        dones = game_over | life_lost
        self._lives = lives
        self._fire_next = life_lost & ~game_over & self._fires_after_life_loss
        for index in np.flatnonzero(dones).tolist():
            cut_off = truncated[index] and not (terminated[index] or life_lost[index])
            infos[index]["TimeLimit.truncated"] = bool(cut_off)
            infos[index]["terminal_observation"] = self._observations[index].copy()
            if game_over[index]:
                infos[index]["episode"] = {
                    "r": float(self._returns[index]),
                    "l": int(native_info["episode_frame_number"][index]),
                    "t": round(time.time() - self._started_at, 6),
                }
        if game_over.any():
            self._start_games(game_over)

        if self.protocol.clip_reward:
            rewards = np.sign(rewards)
        return self._observations, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        """Free the native environments and their threads; further calls do nothing."""
        self._native = None

    def get_images(self) -> Sequence[npt.NDArray[np.uint8] | None]:
        """Show the newest frame of every observation.

        :return: one RGB image an environment, shape (height, width, 3)
        """
        if self.protocol.grayscale:
            return [np.repeat(seen[-1, :, :, None], 3, axis=2) for seen in self._observations]
        return [np.ascontiguousarray(seen[-3:].transpose(1, 2, 0)) for seen in self._observations]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Look up a property of the games.

        :param attr_name: ``"lives"``, or a property that all games share: ``"render_mode"``,
            ``"metadata"``, ``"observation_space"``, ``"action_space"``, ``"game"``, ``"protocol"``
        :param indices: environments to ask, all by default
        :raises AttributeError: for any other name
        """
        if attr_name == "lives":
            return [int(self._lives[index]) for index in self._get_indices(indices)]
        if attr_name not in _SHARED_ATTRIBUTES:
            raise AttributeError(
                f"Atari's native environments have no attribute {attr_name!r}: "
                f"choose from lives, {', '.join(_SHARED_ATTRIBUTES)}"
            )
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def env_method(
        self,
        method_name: str,
        *method_args: Any,  # noqa: ARG002 (SB3's signature)
        indices: VecEnvIndices = None,
        **method_kwargs: Any,  # noqa: ARG002
    ) -> list[Any]:
        """Call a method of the games.

        :param method_name: ``"get_action_meanings"`` or ``"render"``
        :param indices: environments to ask, all by default
        :raises AttributeError: for any other name
        """
        if method_name == "get_action_meanings":
            return [list(self.action_meanings) for _ in self._get_indices(indices)]
        if method_name == "render":
            images = self.get_images()
            return [images[index] for index in self._get_indices(indices)]
        raise AttributeError(
            f"Atari's native environments have no method {method_name!r}: "
            "choose get_action_meanings or render"
        )

    def _running(self) -> AtariVectorEnv:
        if self._native is None:
            raise gym.error.ClosedEnvironmentError("this environment is closed: make a new one")
        if os.getpid() != self._process:
            # A forked process has no copy of the threads and would wait for them for ever.
            raise RuntimeError("this environment runs in another process: make it where it is used")
        return self._native

    def _start_games(
        self, starting: Mask, seeds: npt.NDArray[np.int64] | None = None
    ) -> Observations:
        """Start new games where `starting`; the other environments keep their observations.

        `seeds` has one seed an environment, -1 where the random stream is to go on.
        """
        frames, native_info = self._running().reset(
            seed=None if seeds is None else seeds[starting], options={"reset_mask": starting}
        )
        self._lives = native_info["lives"]
        self._returns[starting] = 0
        self._fire_next[starting] = False
        self._observations = self._as_observations(frames)
        return self._observations

    def _ended_by_life_loss(self, lives: npt.NDArray[np.int32]) -> Mask:
        """Tell where a lost life ends an episode; some games show 0 lives before they are over."""
        if not self.protocol.terminal_on_life_loss:
            return np.zeros(self.num_envs, dtype=bool)
        return (lives > 0) & (lives < self._lives)

    def _as_observations(self, frames: Observations) -> Observations:
        """Move frames, and the colours beside them, from the first axis of an image to the last.

        Only in memory: the observation's channels are its first axis, as SB3 expects.
        """
        channels, height, width = self._observation_shape
        observations = np.empty((self.num_envs, height, width, channels), dtype=np.uint8)
        planes = observations.reshape(self.num_envs, height, width, frames.shape[1], -1)
        for index in range(frames.shape[1]):
            planes[:, :, :, index] = frames[:, index].reshape(self.num_envs, height, width, -1)
        return observations.transpose(0, 3, 1, 2)
