import pytest

from envs.games import (
    Game,
    UnknownGameError,
    all_games,
    is_atari,
    reference_scores,
    resolve_game,
)


@pytest.mark.parametrize(
    "name",
    [
        "MsPacman",
        "mspacman",
        "ms_pacman",
        "Ms. Pac-Man",
        "MsPacman-v0",
        "MsPacman-v4",
        "MsPacmanNoFrameskip-v4",
        "MsPacmanDeterministic-v4",
        "ALE/MsPacman-v5",
    ],
)
def test_a_game_answers_to_all_its_usual_names(name: str) -> None:
    assert resolve_game(name) == Game("MsPacman", "ms_pacman")


def test_every_game_is_found_by_its_name_its_rom_and_its_id() -> None:
    games = all_games()
    assert len(games) == 104
    for game in games:
        for name in (game.name, game.rom, f"ALE/{game.name}-v5"):
            assert resolve_game(name) == game


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("Pnog", "Pong"), ("braekout", "Breakout"), ("ALE/MsPackman-v5", "MsPacman")],
)
def test_a_misspelt_game_gets_the_nearest_names(name: str, nearest: str) -> None:
    with pytest.raises(UnknownGameError, match=rf"unknown Atari game '{name}': .*{nearest}"):
        resolve_game(name)


@pytest.mark.parametrize(
    "name",
    ["", "CartPole-v1", "Blackjack-v1", "ALE/Pong-v4", "Pong-v5", "module:Pong-v4", "joust"],
)
def test_other_names_are_not_atari(name: str) -> None:
    assert not is_atari(name)


def test_the_57_games_have_reference_scores() -> None:
    scored = [game for game in all_games() if reference_scores(game)]
    assert len(scored) == 57
    assert reference_scores("Breakout") == {"random": 1.7, "human": 30.5}
    assert reference_scores("PongNoFrameskip-v4") == {"random": -20.7, "human": 14.6}


def test_a_game_outside_the_table_has_no_reference_scores() -> None:
    assert reference_scores("Tetris") is None
