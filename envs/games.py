"""Atari games by any of their usual names, and the scores to hold an agent against."""

import csv
import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ale_py import roms
from ale_py.registration import rom_id_to_name

# Random and professional-human scores of the 57 games (no-op starts, 108,000 frames),
# as published with DeepMind's DQN Zoo.
_SCORES_CSV = Path(__file__).parent / "data" / "atari_human_random.csv"
# ROMs without a single-player mode: ALE registers no single-agent environment for them.
_MULTIPLAYER_ROMS = frozenset({"combat", "joust", "maze_craze", "warlords"})
# "ALE/Pong-v5" or "Pong-v0", "PongNoFrameskip-v4", "PongDeterministic-v4"; no other version is an
# Atari id ("Blackjack-v1" is Gymnasium's card game, not the cartridge).
_GYMNASIUM_ID = re.compile(r"ALE/(?P<v5>\w+)-v5|(?P<v4>\w+?)(NoFrameskip|Deterministic)?-v[04]")


class UnknownGameError(ValueError):
    """A name that belongs to no single-player Atari game of ALE."""


@dataclass(frozen=True)
class Game:
    """An Atari game.

    :param name: CamelCase name as in Gymnasium's ids, such as ``"MsPacman"``
    :param rom: snake_case name of ALE's ROM, such as ``"ms_pacman"``
    """

    name: str
    rom: str


def resolve_game(name: str) -> Game:
    """Find a game by any of its usual names.

    A name says which game is meant and nothing else: frame skip and sticky actions come from the
    protocol, also for ids such as ``"ALE/Pong-v5"`` that stand for settings of their own.

    :param name: ``"Pong"``, ``"pong"``, ``"ms_pacman"``, ``"Ms. Pac-Man"``, ``"Pong-v4"``,
        ``"PongNoFrameskip-v4"``, ``"PongDeterministic-v4"`` or ``"ALE/Pong-v5"``
    :raises UnknownGameError: with the nearest names, if there is no such game
    """
    gymnasium_id = _GYMNASIUM_ID.fullmatch(name)
    base = (gymnasium_id["v5"] or gymnasium_id["v4"]) if gymnasium_id else name
    games = _games_by_key()
    # "Blackjack-v1" must not lose its version and become the cartridge.
    game = None if re.search(r"-v\d+$|[:/]", base) else games.get(_key(base))
    if game is None:
        nearest = difflib.get_close_matches(_key(base), games, n=3)
        hint = f"did you mean {' or '.join(games[key].name for key in nearest)}?"
        raise UnknownGameError(
            f"unknown Atari game {name!r}: " + (hint if nearest else "`python -m envs` lists all")
        )
    return game


def is_atari(name: str) -> bool:
    """Whether a name belongs to an Atari game.

    :param name: any environment id or game name
    :return: True if :func:`resolve_game` knows it
    """
    try:
        resolve_game(name)
    except UnknownGameError:
        return False
    return True


def all_games() -> list[Game]:
    """All single-player games of ALE.

    :return: the games, sorted by name
    """
    return sorted(_games_by_key().values(), key=lambda game: game.name)


def reference_scores(game: Game | str) -> dict[str, float] | None:
    """Scores of random play and of a professional human tester, unclipped returns of whole games.

    Source: the table published with DeepMind's DQN Zoo (no-op starts, 108,000 frames at most).

    :param game: a game or one of its names
    :return: ``{"random": score, "human": score}``, or None outside the 57 games of the table
    :raises UnknownGameError: if there is no such game
    """
    if isinstance(game, str):
        game = resolve_game(game)
    return _scores_by_rom().get(game.rom)


def _key(name: str) -> str:
    """Reduce a name to its lower-case letters and digits: ``"Ms. Pac-Man"`` to ``"mspacman"``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _games_by_key() -> dict[str, Game]:
    names = [rom for rom in roms.get_all_rom_ids() if rom not in _MULTIPLAYER_ROMS]
    return {_key(rom): Game(rom_id_to_name(rom), rom) for rom in names}


@cache
def _scores_by_rom() -> dict[str, dict[str, float]]:
    with _SCORES_CSV.open(newline="") as file:
        return {
            row["game"]: {"random": float(row["random"]), "human": float(row["human"])}
            for row in csv.DictReader(file)
        }
