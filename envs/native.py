"""ALE's native vector environment under a protocol."""

import numpy as np
from ale_py.vector_env import AtariVectorEnv
from gymnasium import spaces

from envs.games import Game
from envs.protocols import Protocol


def native_env(game: Game, n_envs: int, protocol: Protocol, num_threads: int) -> AtariVectorEnv:
    """Make ALE's vector environment under a protocol.

    Reward clipping, life loss and the start of new games are left to the adapter: done natively,
    true returns would be lost, and a lost life would restart the game.

    :param num_threads: threads that step the environments
    :return: the environment, with NEXT_STEP autoreset
    """
    return AtariVectorEnv(
        game.rom,
        n_envs,
        num_threads=num_threads,
        max_num_frames_per_episode=protocol.max_frames,
        repeat_action_probability=protocol.repeat_action_probability,
        full_action_space=protocol.full_action_space,
        img_height=protocol.screen_size,
        img_width=protocol.screen_size,
        grayscale=protocol.grayscale,
        stack_num=protocol.frame_stack,
        frameskip=protocol.frame_skip,
        # SB3 pools the last two frames of a skip, and nothing if there is no skip.
        maxpool=protocol.frame_skip > 1,
        noop_max=protocol.noop_max,
        use_fire_reset=protocol.fire,
        episodic_life=False,
        life_loss_info=False,
        reward_clipping=False,
    )


def observation_space(protocol: Protocol) -> spaces.Box:
    """Describe the observations of one environment under a protocol, channels first.

    :return: uint8 images of shape (frames x colours, height, width)
    """
    channels = protocol.frame_stack * (1 if protocol.grayscale else 3)
    shape = (channels, protocol.screen_size, protocol.screen_size)
    return spaces.Box(low=0, high=255, shape=shape, dtype=np.uint8)
