"""What the known differences between the backends do to the mean return of random play."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from stable_baselines3.common.evaluation import evaluate_policy

from envs.atari import make_atari_env
from envs.checks import check_at_least
from envs.games import Game
from envs.protocols import PROTOCOLS, Protocol

_CLASSIC = PROTOCOLS["classic"]
# Without no-ops and FIRE the backends agree exactly (see `agreement`); sticky actions are drawn
# from different random streams, so that only their returns can be compared.
_SETTINGS: dict[str, Protocol] = {
    "no-ops": replace(_CLASSIC, fire=False),
    "FIRE": replace(_CLASSIC, noop_max=0),
    "no-ops and FIRE": _CLASSIC,
    "sticky": PROTOCOLS["sticky"],
}
_ENVS = 2


@dataclass(frozen=True)
class Effect:
    """A difference of mean unclipped returns of whole games, native minus SB3.

    :param setting: what was switched on in both backends
    :param native: mean return of the native backend
    :param sb3: mean return of SB3's wrappers
    :param low: lower end of the difference's 95 % interval (Welch)
    :param high: upper end
    """

    setting: str
    native: float
    sb3: float
    low: float
    high: float


def measure_effects(game: Game, episodes: int, seed: int = 0) -> Iterator[Effect]:
    """Let both backends play at random and compare their mean returns.

    :param episodes: whole games a backend and setting, at least 2
    :param seed: seed of the games and of the actions
    :raises ValueError: if the episodes are too few for an interval
    """
    check_at_least(2, episodes=episodes)
    for setting, protocol in _SETTINGS.items():
        native, sb3 = (
            _random_returns(game, protocol, backend, episodes, seed)
            for backend in ("native", "sb3")
        )
        low, high = _welch_interval(native, sb3)
        yield Effect(setting, float(native.mean()), float(sb3.mean()), low, high)


class _RandomPlay:
    """Random actions in the form of SB3's ``PolicyPredictor``."""

    def __init__(self, n_actions: int, seed: int) -> None:
        self.n_actions = n_actions
        self.rng = np.random.default_rng(seed)

    def predict(
        self,
        observation: npt.NDArray[np.uint8] | dict[str, npt.NDArray[np.uint8]],
        state: tuple[npt.NDArray[Any], ...] | None = None,
        episode_start: npt.NDArray[np.bool_] | None = None,  # noqa: ARG002 (SB3's signature)
        deterministic: bool = False,  # noqa: ARG002
    ) -> tuple[npt.NDArray[np.int64], tuple[npt.NDArray[Any], ...] | None]:
        return self.rng.integers(self.n_actions, size=len(observation)), state


def _random_returns(
    game: Game, protocol: Protocol, backend: str, episodes: int, seed: int
) -> npt.NDArray[np.float64]:
    env = make_atari_env(game.rom, _ENVS, seed, protocol, backend=backend)
    n_actions = len(env.env_method("get_action_meanings", indices=0)[0])
    returns, _ = evaluate_policy(
        _RandomPlay(n_actions, seed), env, episodes, return_episode_rewards=True
    )
    env.close()
    return np.array(returns)


def _welch_interval(
    ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Give the 95 % interval of the difference of two means, of unequal variances."""
    if ours.std() == theirs.std() == 0:
        return float(ours[0] - theirs[0]), float(ours[0] - theirs[0])
    with warnings.catch_warnings():
        # Games that all end alike make scipy doubt their variance, which is indeed 0.
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        interval = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
    return float(interval.low), float(interval.high)
