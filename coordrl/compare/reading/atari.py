"""Published scores of random and human play, for logs of Atari games, which record none."""

import csv
import re
from functools import cache
from importlib.resources import files

# Ids of Gymnasium, as RL Zoo names folders with a hyphen. "Breakout-v0" and "-v1" are MinAtar's,
# too, and a bare "Pong" may be anybody's.
_ID = re.compile(r"(?:ALE[/-])?(?P<game>[A-Za-z]+?)(?:(?:NoFrameskip|Deterministic)-v[04]|-v[45])")


def published_scores(game: str) -> dict[str, float] | None:
    """Return the scores of "random" and "human" play as published with DeepMind's DQN Zoo.

    They are of whole games with unclipped rewards.

    :param game: an environment's id
    :return: the scores, or None if it is no Atari game for certain, or one without such scores

    >>> published_scores("PongNoFrameskip-v4")
    {'random': -20.7, 'human': 14.6}
    >>> published_scores("MinAtar/Breakout-v1"), published_scores("Pong")
    (None, None)
    """
    found = _ID.fullmatch(game)
    return _scores().get(found["game"].lower()) if found else None


@cache
def _scores() -> dict[str, dict[str, float]]:
    path = files("coordrl.compare") / "data" / "atari_human_random.csv"
    with path.open(encoding="utf-8") as file:
        return {
            row["game"].replace("_", ""): {name: float(row[name]) for name in ("random", "human")}
            for row in csv.DictReader(file)
        }
