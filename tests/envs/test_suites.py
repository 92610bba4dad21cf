import pytest

from envs.games import all_games, reference_scores
from envs.suites import all_suites, expand_games, resolve_suite


@pytest.mark.parametrize(("name", "size"), [("atari-57", 57), ("atari-26", 26), ("atari-10", 10)])
def test_published_suites_are_complete_and_scored(name: str, size: int) -> None:
    games = resolve_suite(name).games
    assert len(set(games)) == size
    assert all(reference_scores(game) for game in games)


def test_atari_57_holds_the_games_with_reference_scores() -> None:
    scored = [game for game in all_games() if reference_scores(game)]
    assert list(resolve_suite("atari-57").games) == scored


def test_small_suites_lie_within_larger_ones() -> None:
    five, ten, large = (set(resolve_suite(f"atari-{n}").games) for n in (5, 10, 57))
    assert five < ten < large
    assert set(resolve_suite("atari-26").games) < large


def test_every_suite_is_sorted_and_names_its_source() -> None:
    for suite in all_suites().values():
        names = [game.name for game in suite.games]
        assert names == sorted(set(names))
        assert suite.source


def test_games_and_suites_mix_and_count_once() -> None:
    games = expand_games(["Pong", "quick", "ALE/Qbert-v5", "pong"])
    assert [game.name for game in games] == ["Pong", "Breakout", "SpaceInvaders", "Qbert"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("atari-58", "unknown suite 'atari-58': did you mean .*atari-5"),
        ("Brekout", "unknown Atari game 'Brekout': did you mean Breakout"),
        ("xyz", "unknown Atari game 'xyz': `python -m envs` lists all"),
    ],
)
def test_a_misspelt_name_gets_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expand_games([name])


def test_an_unknown_suite_names_the_others() -> None:
    with pytest.raises(ValueError, match="unknown suite 'xyz': did you mean atari-57 or"):
        resolve_suite("xyz")
