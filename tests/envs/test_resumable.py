"""Environments put back where others stood go on with the same bits."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import VecEnv

from envs import make_env
from envs.resumable import Resumable

N = 2
STEPS = 500
MARKS = (100, 300)


def resumable_env(env_id: str, protocol: str = "classic", **settings: Any) -> VecEnv:
    env = make_env(env_id, N, 5, protocol, resumable=True, **settings)
    assert isinstance(env, Resumable)
    return env


def play(env: VecEnv, actions: np.ndarray, marks: tuple[int, ...] = (), first: int = 0) -> list:
    """Play the actions, marking at some steps, and return everything that can be seen."""
    seen = []
    for step, chosen in enumerate(actions, first):
        if step in marks:
            env.mark()
        observations, rewards, dones, infos = env.step(chosen)
        for info in infos:
            info.get("episode", {}).pop("t", None)
        seen.append((observations.copy(), rewards, dones, infos))
    return seen


def assert_same(ours: list, theirs: list) -> None:
    for (o, r, d, i), (o2, r2, d2, i2) in zip(ours, theirs, strict=True):
        assert np.array_equal(o, o2)
        assert np.array_equal(r, r2)
        assert np.array_equal(d, d2)
        assert str(i) == str(i2)


def through_a_checkpoint(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


@pytest.mark.parametrize(
    ("protocol", "cut"), [("classic", 1), ("classic", 100), ("classic", 460), ("sticky", 299)]
)
def test_resumed_atari_games_continue_with_the_same_bits(protocol: str, cut: int) -> None:
    env = resumable_env("Breakout", protocol)
    actions = np.random.default_rng(0).integers(env.action_space.n, size=(STEPS, N))
    env.reset()
    seen = play(env, actions[:cut], MARKS)
    assert cut < 200 or any(done.any() for _, _, done, _ in seen)
    state = through_a_checkpoint(env.get_state())
    expected = play(env, actions[cut:], MARKS, cut)

    other = resumable_env("Breakout", protocol)
    assert np.array_equal(other.set_state(state), seen[-1][0])
    again = through_a_checkpoint(other.get_state())
    assert str(again) == str(state)
    assert_same(play(other, actions[cut:], MARKS, cut), expected)


def test_a_mark_shortens_what_has_to_be_played_again() -> None:
    env = resumable_env("Breakout")
    actions = np.random.default_rng(1).integers(4, size=(800, N))
    env.reset()
    play(env, actions[:300])
    assert len(env.get_state()["actions"]) == 300
    env.mark()
    play(env, actions[300:])
    state = env.get_state()
    assert state["seeded_at_mark"] == [1] * N
    assert not any(state["due"])
    assert len(state["actions"]) < 500


def test_marks_are_part_of_what_is_played() -> None:
    plain, marked = resumable_env("Breakout"), resumable_env("Breakout")
    actions = np.random.default_rng(2).integers(4, size=(300, N))
    for env in (plain, marked):
        env.reset()
    seen = play(plain, actions)
    others = play(marked, actions, MARKS[:1])
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(seen, others, strict=True))


def test_games_reset_without_a_seed_cannot_be_resumed() -> None:
    env = resumable_env("Breakout")
    with pytest.raises(RuntimeError, match="without a seed"):
        env.get_state()
    env.reset()
    env.get_state()
    env.reset()
    with pytest.raises(RuntimeError, match="without a seed"):
        env.get_state()


def test_any_seeded_environment_is_resumed_by_playing_its_past_again() -> None:
    env = make_env("Breakout", N, 5, resumable=True, backend="sb3")
    actions = np.random.default_rng(3).integers(4, size=(300, N))
    env.reset()
    with pytest.raises(AttributeError):
        env.unknown  # noqa: B018
    play(env, actions[:200], (100,))
    state = through_a_checkpoint(env.get_state())
    expected = play(env, actions[200:])
    other = make_env("Breakout", N, 5, resumable=True, backend="sb3")
    other.set_state(state)
    assert_same(play(other, actions[200:]), expected)
    env.reset()
    with pytest.raises(RuntimeError, match="reset 2 times"):
        env.get_state()
