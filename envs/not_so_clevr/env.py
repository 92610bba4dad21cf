"""Not-so-Clevr as a Gymnasium environment."""

from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from envs.not_so_clevr.rules import make_rules

FRAMES_PER_SECOND = 4
"""How fast films of the game run: slow enough to be read."""

Picture = npt.NDArray[np.uint8]


class NotSoClevrEnv(gym.Env[Picture, np.int64]):
    """Name the cell that a square stands in (the coordinate task of Liu et al. 2018, section 3).

    Observations have shape (canvas_size, canvas_size, 1), uint8. Every action is followed by a new
    square at a random place; the last one of an episode stays where it is.

    :param render_mode: ``"rgb_array"`` or None
    :param settings: fields of :class:`~envs.not_so_clevr.Rules`
    :raises ValueError: if a setting is unknown or out of its range

    >>> env = gym.make("NotSoClevr-v0", grid=2, canvas_size=112)
    >>> env.action_space, env.reset(seed=0)[0].shape
    (Discrete(4), (112, 112, 1))
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (Gymnasium's form)
        "render_modes": ["rgb_array"],
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(self, render_mode: str | None = None, **settings: Any) -> None:
        self.rules = make_rules(**settings)
        self.render_mode = render_mode
        size = self.rules.canvas_size
        self.observation_space = spaces.Box(0, 255, shape=(size, size, 1), dtype=np.uint8)
        self.action_space = spaces.Discrete(self.rules.n_actions)
        self._observation: Picture = np.zeros(self.observation_space.shape, dtype=np.uint8)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Picture, dict[str, Any]]:
        """Start an episode.

        :param seed: seed of the places, None to continue their stream
        :return: the first observation, and an empty info
        """
        super().reset(seed=seed, options=options)
        self._answered = 0
        self._show_new_square()
        return self._observation, {}

    def step(self, action: np.int64) -> tuple[Picture, float, bool, bool, dict[str, Any]]:
        """Name a cell.

        :param action: ``row * grid + column``
        :return: observation, reward, whether the episode is over, False, and an empty info
        :raises ValueError: if there is no such cell
        """
        if not self.action_space.contains(action):
            raise ValueError(f"actions must lie in 0..{self.rules.n_actions - 1}, got {action}")
        reward = float(self.rules.rewards[self.rules.cells[self._place], action])
        self._answered += 1
        over = self._answered >= self.rules.episode_steps
        if over:
            self._observation = self._observation.copy()  # callers may have kept the other one
        else:
            self._show_new_square()
        return self._observation, reward, over, False, {}

    def render(self) -> Picture | None:
        """Show the canvas.

        :return: an RGB image of shape (canvas_size, canvas_size, 3), or None without a render mode
        """
        return np.repeat(self._observation, 3, axis=2) if self.render_mode else None

    def _show_new_square(self) -> None:
        self._place = int(self.np_random.integers(len(self.rules.places)))
        self._observation = self.rules.draw(np.array([self._place]))[0, :, :, None]
