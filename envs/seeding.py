"""The seeds that games start from."""

import numpy as np

from envs.checks import check_at_least


def game_seed(run_seed: int, env_index: int, seeding_index: int = 0) -> int:
    """Derive the seed of one environment's game from the seed of a run.

    Seeds are hashed, not counted up: with ``run_seed + env_index``, SB3's usual way, the second
    environment of run 0 would play the games of the first environment of run 1.

    :param run_seed: seed of the run, at least 0
    :param env_index: index of the environment within its vector, from 0
    :param seeding_index: how often this environment was seeded before in this run
    :return: a seed that ALE accepts, in ``0..2**31 - 1``
    :raises ValueError: if the seed of the run is negative
    """
    check_at_least(0, seed=run_seed)
    sequence = np.random.SeedSequence((run_seed, env_index, seeding_index))
    return int(sequence.generate_state(1)[0]) & 0x7FFFFFFF
