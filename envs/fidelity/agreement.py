"""Drive the native environment and SB3's wrappers with the same actions, step by step."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from envs.atari_vec_env import AtariVecEnv, Observations
from envs.games import Game
from envs.protocols import Protocol
from envs.sb3_atari import make_sb3_atari_env

_NOOP, _FIRE, _THIRD_ACTION = range(3)


@dataclass
class Agreement:
    """What a comparison saw; pixel values lie in 0..255.

    :param lost_lives: episodes that a lost life ended
    :param rewards: steps whose rewards were equal
    :param lives: steps whose lives were equal
    :param ends: steps that ended alike: life loss, game over or cut-off, with equal statistics
    :param frame_means: mean absolute difference of each pair of newest frames
    :param frame_max: largest difference of a pixel
    :param last_frame_max: the same over the last frames of games, which are not in `frame_max`
    """

    steps: int = 0
    lost_lives: int = 0
    games: int = 0
    rewards: int = 0
    lives: int = 0
    ends: int = 0
    frame_means: list[float] = field(default_factory=list)
    frame_max: int = 0
    last_frame_max: int = 0

    @property
    def exact(self) -> bool:
        """Whether rewards, lives and ends agreed in every step."""
        return self.rewards == self.lives == self.ends == self.steps

    @property
    def frame_mean(self) -> float:
        """Mean absolute difference of all pixels of the newest frames."""
        return float(np.mean(self.frame_means))

    def add_frames(self, ours: Observations, reference: Observations) -> None:
        """Compare the newest frames of two observations.

        :param ours: stacked frames, newest last
        """
        difference = _difference(ours, reference)
        self.frame_means.append(float(difference.mean()))
        self.frame_max = max(self.frame_max, int(difference.max()))


def measure_agreement(game: Game, protocol: Protocol, steps: int, seed: int = 0) -> Agreement:
    """Compare both backends under the same random actions.

    Random numbers of the two differ, so there are no no-ops and no sticky actions. What SB3 plays
    unseen by the agent (a no-op step after a lost life; FIRE and the third action at the start of
    an episode, if the protocol fires) is played openly in the native environment: that, and
    nothing else, is then the difference that FIRE makes.

    :param protocol: what defines the environment, besides no-ops and sticky actions; rewards are
        compared unclipped
    """
    protocol = replace(protocol, noop_max=0, repeat_action_probability=0.0, clip_reward=False)
    reference = make_sb3_atari_env(game, 1, seed, protocol)
    ours = AtariVecEnv(game, 1, seed, replace(protocol, fire=False))
    fires = protocol.fire and "FIRE" in ours.action_meanings
    rng = np.random.default_rng(seed)
    seen = Agreement()

    seen.add_frames(_start(ours, ours.reset(), fires), np.asarray(reference.reset()))
    for _ in range(steps):
        action = rng.integers(len(ours.action_meanings), size=1)
        our_frames, our_reward, our_done, (our_info,) = ours.step(action)
        frames, reward, done, (info,) = reference.step(action)
        seen.steps += 1
        seen.rewards += int(our_reward[0] == reward[0])
        seen.lives += int(our_info["lives"] == info["lives"])
        seen.ends += int(our_done[0] == done[0] and _end(our_info) == _end(info))
        our_frames = np.asarray(our_frames)
        if "episode" in info:
            seen.games += 1
            last = _difference(our_info["terminal_observation"], info["terminal_observation"])
            seen.last_frame_max = max(seen.last_frame_max, int(last.max()))
            our_frames = _start(ours, our_frames, fires)
        elif done[0]:
            seen.lost_lives += 1
            our_frames = _start(ours, _step(ours, _NOOP)[0], fires)
        seen.add_frames(our_frames[0], np.asarray(frames)[0])
    reference.close()
    ours.close()
    return seen


def _start(ours: AtariVecEnv, frames: Observations, fires: bool) -> Observations:
    """Play what SB3's FireResetEnv plays at the start of an episode."""
    for action in (_FIRE, _THIRD_ACTION) if fires else ():
        frames, lost_life = _step(ours, action)
        if lost_life:  # SB3 then resets its EpisodicLifeEnv, which plays a no-op step
            frames, _ = _step(ours, _NOOP)
    return frames


def _step(ours: AtariVecEnv, action: int) -> tuple[Observations, bool]:
    frames, _, (done,), (info,) = ours.step(np.array([action]))
    return np.asarray(frames), bool(done) and "episode" not in info


def _end(info: dict[str, Any]) -> tuple[Any, ...]:
    """Take what an info says of the end of an episode, wall time aside."""
    episode = info.get("episode", {})
    return info["TimeLimit.truncated"], episode.get("r"), episode.get("l")


def _difference(ours: Observations, reference: Observations) -> npt.NDArray[np.int16]:
    """Compare the newest of stacked frames, shape (..., frames, height, width)."""
    difference: npt.NDArray[np.int16] = np.abs(
        ours[..., -1, :, :].astype(np.int16) - reference[..., -1, :, :]
    )
    return difference
