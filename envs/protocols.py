"""What an agent sees of an Atari game and when its episodes end: the published protocols."""

from dataclasses import dataclass, replace
from typing import Any

from envs.checks import check_at_least, check_at_most, check_types

_MAX_SCREEN = 1024
_MAX_INT = 2**31 - 1  # ALE's integers


@dataclass(frozen=True)
class Protocol:
    """Everything that defines an Atari environment besides the game and the seed.

    :param terminal_on_life_loss: whether a lost life ends a training episode
    :param fire: press FIRE at the start of a game and, where a lost life ends an episode, after it
    :param noop_max: a game starts with a random number of no-op frames below this (0: none)
    :param repeat_action_probability: probability that an emulator frame repeats the last action
    :param full_action_space: all 18 actions of the console instead of those the game uses
    :param clip_reward: whether the agent sees the sign of a reward (returns stay unclipped)
    :param frame_skip: emulator frames an action lasts, at least 1; the last two are max-pooled
    :param frame_stack: frames in an observation, at least 1
    :param screen_size: height and width of an observation in pixels, at most 1024
    :param grayscale: one channel a frame, otherwise three (red, green, blue)
    :param max_frames: emulator frames after which a game is cut off
    :raises ValueError: if a number is out of its range
    """

    terminal_on_life_loss: bool
    fire: bool
    noop_max: int
    repeat_action_probability: float
    full_action_space: bool
    clip_reward: bool = True
    frame_skip: int = 4
    frame_stack: int = 4
    screen_size: int = 84
    grayscale: bool = True
    max_frames: int = 108_000

    def __post_init__(self) -> None:
        check_types(self)
        check_at_least(0, noop_max=self.noop_max)
        check_at_least(
            1,
            frame_skip=self.frame_skip,
            frame_stack=self.frame_stack,
            screen_size=self.screen_size,
            max_frames=self.max_frames,
        )
        check_at_most(_MAX_SCREEN, screen_size=self.screen_size)
        check_at_most(
            _MAX_INT,
            noop_max=self.noop_max,
            frame_skip=self.frame_skip,
            frame_stack=self.frame_stack,
            max_frames=self.max_frames,
        )
        if not 0 <= self.repeat_action_probability < 1:
            raise ValueError(
                "repeat_action_probability must be at least 0 and below 1, "
                f"got {self.repeat_action_probability}"
            )


PROTOCOLS = {
    # Mnih et al. 2015 as in SB3's AtariWrapper and RL Zoo.
    "classic": Protocol(
        terminal_on_life_loss=True,
        fire=True,
        noop_max=30,
        repeat_action_probability=0.0,
        full_action_space=False,
    ),
    # Machado et al. 2018, what ALE's maintainers recommend.
    "sticky": Protocol(
        terminal_on_life_loss=False,
        fire=False,
        noop_max=0,
        repeat_action_probability=0.25,
        full_action_space=True,
    ),
}


def resolve_protocol(protocol: str | Protocol, **changes: Any) -> Protocol:
    """Find a protocol by name and change single settings of it.

    :param protocol: ``"classic"``, ``"sticky"`` or a protocol of your own
    :param changes: fields of :class:`Protocol` to set differently
    :raises ValueError: if there is no such protocol or setting, or a value is out of range
    """
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise ValueError(f"unknown protocol {protocol!r}: choose {' or '.join(PROTOCOLS)}")
        protocol = PROTOCOLS[protocol]
    known = Protocol.__dataclass_fields__
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise ValueError(f"unknown Atari setting {unknown[0]!r}: choose from {', '.join(known)}")
    return replace(protocol, **changes)
