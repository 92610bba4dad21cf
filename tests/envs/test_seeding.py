import itertools

import pytest

from envs.seeding import game_seed


def test_seeds_of_runs_environments_and_seedings_do_not_collide() -> None:
    triples = list(itertools.product(range(20), range(16), range(4)))
    seeds = {game_seed(*triple) for triple in triples}
    assert len(seeds) == len(triples)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_seed_does_not_change_between_releases() -> None:
    assert game_seed(0, 0) == 821328062
    assert game_seed(7, 3, 2) == game_seed(7, 3, 2) != game_seed(7, 2, 3)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        game_seed(-1, 0)
