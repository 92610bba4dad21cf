import pytest

from envs.fidelity.agreement import Agreement, measure_agreement
from envs.games import resolve_game
from envs.protocols import resolve_protocol
from envs.suites import resolve_suite

GAMES = [game.name for game in resolve_suite("fidelity").games]
# Pixels differ where the two pooled frames do: ALE pools gray frames, SB3 turns pooled ones gray.
MEAN_DIFFERENCE = 0.1
LARGEST_DIFFERENCE = 50


def compare(game: str, steps: int, protocol: str = "classic", **settings: object) -> Agreement:
    return measure_agreement(resolve_game(game), resolve_protocol(protocol, **settings), steps)


def assert_faithful(seen: Agreement, steps: int) -> None:
    assert seen.steps == steps
    assert seen.exact
    assert seen.frame_mean < MEAN_DIFFERENCE
    assert seen.frame_max < LARGEST_DIFFERENCE


@pytest.mark.parametrize("game", GAMES)
def test_without_no_ops_and_fire_rewards_lives_and_ends_agree_exactly(game: str) -> None:
    assert_faithful(compare(game, 250, fire=False), 250)


@pytest.mark.slow
@pytest.mark.parametrize("fire", [False, True])
@pytest.mark.parametrize("game", GAMES)
def test_they_agree_exactly_over_thousands_of_steps(game: str, fire: bool) -> None:
    assert_faithful(compare(game, 2500, fire=fire), 2500)


def test_what_sb3_fires_unseen_is_all_that_its_fire_changes() -> None:
    seen = compare("Breakout", 400)
    assert_faithful(seen, 400)
    assert seen.lost_lives > 4
    assert seen.games > 0


@pytest.mark.parametrize("differing", ["rewards", "lives", "ends"])
def test_one_differing_step_is_a_disagreement(differing: str) -> None:
    counts = {"rewards": 9, "lives": 9, "ends": 9}
    assert Agreement(steps=9, **counts).exact
    assert not Agreement(steps=9, **{**counts, differing: 8}).exact


@pytest.mark.parametrize(
    "settings",
    [
        {"protocol": "sticky"},
        {"frame_skip": 1, "max_frames": 200},
        {"frame_skip": 3, "screen_size": 60, "frame_stack": 2, "max_frames": 201},
        {"full_action_space": True},
    ],
)
def test_they_agree_under_other_settings(settings: dict[str, object]) -> None:
    seen = compare("Breakout", 250, fire=False, **settings)
    assert_faithful(seen, 250)
    assert seen.games > 0


@pytest.mark.parametrize("game", ["MsPacman", "Freeway", "Pong"])
def test_without_max_pooling_pixels_agree_exactly(game: str) -> None:
    seen = compare(game, 300, fire=False, frame_skip=1)
    assert seen.frame_max == seen.last_frame_max == 0
