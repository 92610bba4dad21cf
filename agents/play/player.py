"""An agent at play, one step at a time, with what a viewer sees of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecEnv

from agents.play.agent import load_policy
from agents.play.evaluation import evaluation_config
from agents.run.config import RunConfig
from agents.run.folder import RunFolder
from agents.training.model import make_run_env
from common.errors import UsageError
from envs import is_atari

Picture = npt.NDArray[np.uint8]

SCREEN_SIZE = 480
"""Three times the columns of an Atari's screen."""
DEFAULT_FPS = 30.0


class Player:
    """An agent at play in one environment.

    What the agent sees of an Atari game is gray and 84 x 84. The picture is taken from a twin: the
    same game from the same seed under the same actions, with a screen in colour and rewards that
    are not clipped. Other environments are shown by their own ``render``, or as the agent sees
    them.

    Each player draws from random states of its own, so that it plays the same alone and beside
    others.

    :param folder: The finished run whose agent plays
    :param seed: Seed of the games and of the actions drawn
    :param deterministic: Whether to take the most probable action in place of drawing one
    :param env_kwargs: Settings of the environment that replace those of the run's evaluations
    :raises UsageError: If the run's weights or its environment cannot be used
    """

    def __init__(
        self,
        folder: RunFolder,
        seed: int,
        deterministic: bool = False,
        env_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = evaluation_config(folder.config, env_kwargs or {})
        self.deterministic = deterministic
        self.score = 0.0
        self.returns: list[float] = []
        self._env, self._screen = _make_envs(self.config, seed)
        try:
            self._policy = load_policy(folder, self._env)
        except UsageError:
            self.close()
            raise
        set_random_seed(seed)
        self._random_state = torch.get_rng_state()
        self._observations: Any = self._env.reset()
        if self._screen is not self._env:
            self._screen.reset()

    @property
    def fps(self) -> float:
        """Pictures a second at which the game has its own speed."""
        fps = self._screen.unwrapped.metadata.get("render_fps")
        return fps if isinstance(fps, int | float) else DEFAULT_FPS

    def picture(self) -> Picture:
        """Return what the viewer sees before the next step, RGB of shape (height, width, 3)."""
        if self._screen.render_mode == "rgb_array":
            image = self._screen.get_images()[0]
            if image is not None:
                return image
        newest = self._observations[0][-self._channels :]
        return np.broadcast_to(newest.transpose(1, 2, 0), (*newest.shape[1:], 3)).copy()

    def step(self) -> None:
        """Let the agent take one action; a game that ends with it is followed by the next."""
        torch.set_rng_state(self._random_state)
        actions, _ = self._policy.predict(self._observations, deterministic=self.deterministic)
        self._random_state = torch.get_rng_state()
        self._observations, rewards, _, infos = self._env.step(actions)
        if self._screen is not self._env:
            _, rewards, _, _ = self._screen.step(actions)
        self.score += float(rewards[0])
        if "episode" in infos[0]:
            self.returns.append(float(infos[0]["episode"]["r"]))
            self.score = 0.0

    def close(self) -> None:
        """Close the environments."""
        self._env.close()
        self._screen.close()

    @property
    def _channels(self) -> int:
        """Channels of one frame of an observation: one if gray, three in colour."""
        return int(self._observations.shape[1]) // self.config.hyperparams.frame_stack


def _make_envs(config: RunConfig, seed: int) -> tuple[VecEnv, VecEnv]:
    """Make the environment that the agent plays in, and the one that is shown."""
    env = make_run_env(config, n_envs=1, seed=seed)
    if not is_atari(config.env):
        return env, env
    colour = {"grayscale": False, "screen_size": SCREEN_SIZE, "clip_reward": False}
    unstacked = config.hyperparams.model_copy(update={"frame_stack": 1})
    shown = config.model_copy(update={"hyperparams": unstacked})
    return env, make_run_env(shown, n_envs=1, seed=seed, env_kwargs=colour)
