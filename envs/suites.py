"""Published sets of Atari games."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from envs.games import Game, is_atari, resolve_game

_SUITES_YAML = Path(__file__).parent / "data" / "suites.yaml"


@dataclass(frozen=True)
class Suite:
    """A set of games.

    :param name: such as ``"atari-5"``
    :param games: its games, sorted by name
    """

    name: str
    games: tuple[Game, ...]
    source: str


@cache
def all_suites() -> dict[str, Suite]:
    """All suites, by name.

    :return: the suites of ``envs/data/suites.yaml``, in its order
    """
    entries = yaml.safe_load(_SUITES_YAML.read_text(encoding="utf-8"))
    return {
        name: Suite(name, tuple(resolve_game(game) for game in entry["games"]), entry["source"])
        for name, entry in entries.items()
    }


def resolve_suite(name: str) -> Suite:
    """Find a suite.

    :param name: its name, such as ``"atari-26"``
    :raises ValueError: with the nearest names, if there is no such suite
    """
    suites = all_suites()
    if name not in suites:
        nearest = difflib.get_close_matches(name, suites, n=2) or list(suites)
        raise ValueError(f"unknown suite {name!r}: did you mean {' or '.join(nearest)}?")
    return suites[name]


def expand_games(names: Iterable[str]) -> list[Game]:
    """Replace suites by their games.

    :param names: games by any usual name, and suites
    :return: the games in the order of their first mention, each once
    :raises ValueError: with the nearest names, if a name is neither
    """
    games: dict[Game, None] = {}
    for name in names:
        games.update(dict.fromkeys(_games_of(name)))
    return list(games)


def _games_of(name: str) -> tuple[Game, ...]:
    looks_like_a_suite = bool(difflib.get_close_matches(name, all_suites()))
    if looks_like_a_suite and not is_atari(name):
        return resolve_suite(name).games
    return (resolve_game(name),)
