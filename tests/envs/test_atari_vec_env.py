import gymnasium as gym
import numpy as np
import numpy.typing as npt
import pytest
from stable_baselines3.common.atari_wrappers import AtariWrapper, MaxAndSkipEnv
from stable_baselines3.common.monitor import Monitor

from envs import AtariVecEnv, game_seed, make_atari_env

NOOP, FIRE, RIGHT, LEFT = range(4)


@pytest.fixture(scope="module")
def games_of_pong() -> AtariVecEnv:
    """Two games that have begun."""
    env = make_atari_env("Pong", 2)
    env.reset()
    return env


def play(env: AtariVecEnv, steps: int, seed: int = 0) -> list[npt.NDArray[np.generic]]:
    """Reset, play random actions and return all that the agent sees."""
    rng = np.random.default_rng(seed)
    seen: list[npt.NDArray[np.generic]] = [env.reset()]
    for _ in range(steps):
        observations, rewards, dones, infos = env.step(
            rng.integers(env.action_space.n, size=env.num_envs)
        )
        seen += [observations, rewards, dones, np.array([info["lives"] for info in infos])]
    return seen


def same(one: list[npt.NDArray[np.generic]], other: list[npt.NDArray[np.generic]]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("protocol", ["classic", "sticky"])
def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(protocol: str) -> None:
    # 250 random steps of Breakout are more than a game: unseeded starts are covered.
    runs = [
        play(make_atari_env("Breakout", 3, seed=5, protocol=protocol, num_threads=threads), 250)
        for threads in (1, 3)
    ]
    assert same(*runs)


@pytest.mark.parametrize("protocol", ["classic", "sticky"])
def test_environments_and_seeds_differ(protocol: str) -> None:
    # All play the same; `classic` has only the number of no-ops to draw, so two may coincide.
    ends = set()
    for seed in (0, 1):
        env = make_atari_env("Pong", 8, seed=seed, protocol=protocol)
        env.reset()
        for action in np.random.default_rng(0).integers(6, size=60):
            observations, *_ = env.step(np.full(8, action))
        ends |= {observation.tobytes() for observation in observations}
    assert len(ends) >= 8


def test_seed_restarts_a_run_and_calling_it_twice_changes_nothing() -> None:
    env = make_atari_env("Breakout", 2, seed=3)
    first = play(env, 100)
    assert env.seed(3) == env.seed(3) == [game_seed(3, 0), game_seed(3, 1)]
    assert same(first, play(env, 100))


def test_a_second_reset_continues_the_stream() -> None:
    starts = []
    for _ in range(2):
        env = make_atari_env("Freeway", 1, seed=3)  # its cars tell how many no-ops there were
        starts.append([env.reset() for _ in range(4)])
    assert same(*starts)
    assert len({start.tobytes() for start in starts[0]}) > 1


def test_observations_are_not_overwritten_by_later_steps() -> None:
    env = make_atari_env("Breakout", 2)
    kept = [env.reset()] + [env.step(np.full(2, action))[0] for action in (FIRE, RIGHT, LEFT)]
    copies = [observations.copy() for observations in kept]
    play(env, 250)
    assert same(kept, copies)


def test_observations_and_actions_have_the_declared_form() -> None:
    env = make_atari_env("Breakout", 2)
    assert env.observation_space.shape == (4, 84, 84)
    assert env.action_space.n == 4
    observations, rewards, dones, infos = (env.reset(), *env.step(np.array([0, 1])))[1:]
    assert (observations.shape, observations.dtype) == ((2, 4, 84, 84), np.uint8)
    assert (rewards.dtype, dones.dtype, len(infos)) == (np.float32, np.bool_, 2)


@pytest.mark.parametrize("game", ["Breakout", "Pong"])
def test_episode_statistics_are_those_of_sb3s_monitor(game: str) -> None:
    reference = MaxAndSkipEnv(Monitor(gym.make(f"{game}NoFrameskip-v4")), skip=4)
    env = make_atari_env(game, 1, noop_max=0, fire=False)
    reference.reset()
    env.reset()
    rng = np.random.default_rng(1)
    expected = None
    while expected is None:
        action = int(rng.integers(env.action_space.n))
        _, reward, _, _, reference_info = reference.step(action)
        _, rewards, dones, infos = env.step(np.array([action]))
        assert rewards[0] == np.sign(reward)
        assert infos[0]["lives"] == reference_info["lives"]
        expected = reference_info.get("episode")
        assert ("episode" in infos[0]) == (expected is not None)
    assert dones[0]
    assert infos[0]["episode"]["r"] == expected["r"] != 0
    assert infos[0]["episode"]["l"] == expected["l"]


def test_a_lost_life_ends_an_episode_and_the_game_goes_on() -> None:
    env = make_atari_env("Breakout", 1)
    before = env.reset()
    ends = []
    for _ in range(2000):  # idle: FIRE by the environment itself keeps the game going
        observations, _, dones, infos = env.step(np.array([NOOP]))
        if dones[0]:
            ends.append(infos[0])
            final = infos[0]["terminal_observation"]
            assert np.array_equal(final[:-1], before[0, 1:])
            assert np.array_equal(final, observations[0]) == ("episode" not in infos[0])
        if "episode" in infos[0]:
            break
        before = observations
    assert [end["lives"] for end in ends] == [4, 3, 2, 1, 0]
    assert ["episode" in end for end in ends] == [False, False, False, False, True]
    assert not any(end["TimeLimit.truncated"] for end in ends)
    assert not observations[0, :-1].any()  # a new game starts on an empty stack
    assert env.get_attr("lives") == [5]


def test_without_fire_an_idle_game_of_breakout_never_starts() -> None:
    env = make_atari_env("Breakout", 1, fire=False)
    env.reset()
    assert not any(env.step(np.array([NOOP]))[2][0] for _ in range(500))


def test_after_a_lost_life_the_next_action_is_fire_and_only_that() -> None:
    envs = [make_atari_env("Breakout", 1, seed=1) for _ in range(2)]
    for env in envs:
        env.reset()
        while not env.step(np.array([NOOP]))[2][0]:
            pass
    replaced, own = [
        [env.step(np.array([action]))[0] for env, action in zip(envs, (LEFT, RIGHT), strict=True)]
        for _ in range(2)
    ]
    assert np.array_equal(*replaced)
    assert not np.array_equal(*own)


def test_no_fire_where_sb3_does_not_fire() -> None:
    # Ms. Pac-Man has no FIRE: its second action is UP.
    envs = [make_atari_env("MsPacman", 1, seed=1) for _ in range(2)]
    for env in envs:
        env.reset()
        while not env.step(np.array([3]))[2][0]:
            pass
    # Pac-Man is dead for a while after losing a life, so one step would show nothing.
    left, right = [
        [env.step(np.array([action]))[0] for _ in range(60)]
        for env, action in zip(envs, (3, 2), strict=True)
    ]
    assert not same(left, right)


def test_sticky_ends_no_episode_before_the_game() -> None:
    env = make_atari_env("Breakout", 1, protocol="sticky")
    assert env.action_space.n == 18
    rng = np.random.default_rng(0)
    env.reset()
    lives = set()
    while True:
        _, _, dones, infos = env.step(rng.integers(18, size=1))
        lives.add(infos[0]["lives"])
        if dones[0]:
            break
    assert lives == {5, 4, 3, 2, 1, 0}
    assert "episode" in infos[0]


def test_returns_are_unclipped_where_rewards_are_clipped() -> None:
    env = make_atari_env("BeamRider", 1)
    raw = make_atari_env("BeamRider", 1, clip_reward=False)
    env.reset(), raw.reset()
    rng = np.random.default_rng(0)
    total = clipped = 0.0
    infos: list[dict[str, object]] = [{}]
    while "episode" not in infos[0]:
        action = rng.integers(env.action_space.n, size=1)
        _, rewards, _, infos = env.step(action)
        assert rewards[0] in (-1, 0, 1)
        clipped += rewards[0]
        total += raw.step(action)[1][0]
    assert infos[0]["episode"]["r"] == total > clipped > 0


def test_a_game_cut_off_is_truncated_not_terminated() -> None:
    env = make_atari_env("Pong", 2, max_frames=400)
    env.reset()
    for step in range(1, 101):
        _, _, dones, infos = env.step(np.zeros(2, dtype=int))
        assert dones.all() == (step == 100)
    for info in infos:
        assert info["TimeLimit.truncated"]
        assert info["terminal_observation"].shape == (4, 84, 84)
        assert 400 <= info["episode"]["l"] < 431  # the limit does not count no-ops and FIRE


def test_colour_frames_show_the_same_game_as_gray_ones() -> None:
    settings = {"noop_max": 0, "fire": False, "frame_stack": 2, "screen_size": 96}
    gray = make_atari_env("Breakout", 2, **settings)
    colour = make_atari_env("Breakout", 2, grayscale=False, **settings)
    assert colour.observation_space.shape == (6, 96, 96)
    for seen, image in zip(play(gray, 30), play(colour, 30), strict=True):
        if seen.ndim == 4:
            rgb = image.reshape(2, 2, 3, 96, 96)
            luma = np.tensordot([0.299, 0.587, 0.114], rgb, axes=(0, 2))
            assert np.abs(luma - seen).max() < 4


@pytest.mark.parametrize("grayscale", [True, False])
def test_images_are_rgb_of_the_newest_frame(grayscale: bool) -> None:
    env = make_atari_env("Breakout", 3, grayscale=grayscale)
    observations = env.reset()
    images = env.get_images()
    assert [image.shape for image in images] == [(84, 84, 3)] * 3
    assert np.array_equal(images[1][..., 2], observations[1, -1])  # gray, or blue
    assert env.render().shape == (168, 168, 3)  # SB3 tiles the games
    assert np.array_equal(env.env_method("render", indices=[1])[0], images[1])


def test_sb3_may_ask_what_the_environments_are() -> None:
    env = make_atari_env("Pong", 2)
    assert env.get_attr("render_mode") == ["rgb_array"] * 2
    assert env.get_attr("game", indices=1)[0].name == "Pong"
    assert env.env_is_wrapped(Monitor) == [True, True]
    assert env.env_is_wrapped(AtariWrapper, indices=[0]) == [False]
    assert env.env_method("get_action_meanings", indices=0)[0][:2] == ["NOOP", "FIRE"]
    assert env.metadata["render_fps"] == 15
    assert not env.has_attr("action_masks")


def test_what_native_environments_cannot_do_is_said() -> None:
    env = make_atari_env("Pong")
    with pytest.raises(AttributeError, match=r"no attribute 'ale': choose from lives"):
        env.get_attr("ale")
    with pytest.raises(AttributeError, match=r"cannot set 'lives'.*make_atari_env"):
        env.set_attr("lives", 3)
    with pytest.raises(AttributeError, match="no method 'jump': choose get_action_meanings"):
        env.env_method("jump")


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([0, 6], r"actions must lie in 0..5, got \[0, 6\]"),
        ([-1, 0], r"actions must lie in 0..5, got \[-1, 0\]"),
        ([0], r"actions must be 2 integers, .* got shape \(1,\)"),
        ([0.0, 1.0], "actions must be 2 integers, .* float64"),
    ],
)
def test_wrong_actions_are_refused(
    actions: list[float], message: str, games_of_pong: AtariVecEnv
) -> None:
    with pytest.raises(ValueError, match=message):
        games_of_pong.step(np.array(actions))


def test_close_is_safe_twice_and_a_closed_environment_says_so() -> None:
    env = make_atari_env("Pong")
    env.reset()
    env.close()
    env.close()
    with pytest.raises(gym.error.ClosedEnvironmentError, match="closed: make a new one"):
        env.step(np.array([0]))
