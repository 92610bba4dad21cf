"""What curves and scores are means of, in words: games of training, of evaluations, or others."""

from collections.abc import Iterable

from coordrl.compare.comparing.results import Group
from coordrl.compare.reading.formats.evaluations import EVALUATION_GAMES
from coordrl.compare.reading.runs import GAMES

_RETURNS = {GAMES: "return of a whole game", EVALUATION_GAMES: "return of a game of evaluations"}


def of_evaluations(groups: Iterable[Group]) -> bool:
    """Return whether all curves and scores are of evaluations."""
    return {group.points for group in groups} == {EVALUATION_GAMES}


def games_meant(groups: Iterable[Group]) -> str:
    """Return the games that a score is the mean of, as far as one word fits all."""
    return EVALUATION_GAMES if of_evaluations(groups) else "games that ended"


def return_label(groups: Iterable[Group]) -> str:
    """Return the label of an axis of returns, of one game or of several."""
    labels = {_RETURNS.get(group.points, "return") for group in groups}
    return labels.pop() if len(labels) == 1 else "return"
