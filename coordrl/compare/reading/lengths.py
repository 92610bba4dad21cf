"""Giving the runs of a game and algorithm one length, which most logs do not tell.

They end with the last game that was finished, or where a run crashed. A run that stops well
before the others of its arm is missing; all others are compared over the timesteps that every
one of them has.
"""

from collections.abc import Iterable, Sequence
from statistics import median

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.atari import published_scores
from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.formats.evaluations import EVALUATION_GAMES
from coordrl.compare.reading.formats.table import ROWS
from coordrl.compare.reading.logs import LoggedRun
from coordrl.compare.reading.runs import GAMES, Missing, Run
from coordrl.compare.statistics.curves import final_score

LENGTHS_NOTE = (
    "the logs do not say how long a run was meant to be: the runs of a game and algorithm are "
    "compared over the timesteps that all of them have"
)
# Differences in length that the end of a game explains are not worth a line for every game.
_SMALL = 0.01


def runs_of_one_length(
    logged: Sequence[LoggedRun], window: float
) -> tuple[list[Run | Missing], list[str]]:
    """Return the runs as far as they are compared.

    :param window: the last part of the timesteps whose points make the score
    :return: the runs, or why one cannot enter, in the same order; and what the reader should know
    :raises CompareError: if runs of one game and algorithm come from different kinds of logs
    """
    entries: dict[str, Run | Missing] = {}
    notes: list[str] = []
    for group in dict.fromkeys(run.key[:2] for run in logged):
        members = [run for run in logged if run.key[:2] == group]
        _check_alike(members)
        lengths, group_notes = _lengths(members, window)
        notes += group_notes
        entries |= {run.name: _run(run, lengths.get(run.name), window) for run in members}
    facts = [
        fact
        for run in logged
        for fact in (*run.points.facts, *no_training_games(run.points.what, window))
    ]
    notes += _published(entries.values())
    return [entries[run.name] for run in logged], list(dict.fromkeys([*facts, *notes]))


def _reference_scores(run: LoggedRun) -> dict[str, float] | None:
    """Return published scores of an Atari game, for returns of games; a mean is something else."""
    of_games = run.points.what in (GAMES, EVALUATION_GAMES, ROWS)
    return published_scores(run.key.game) if of_games else None


def _published(entries: Iterable[Run | Missing]) -> list[str]:
    games = dict.fromkeys(
        run.key.game for run in entries if isinstance(run, Run) and run.reference_scores
    )
    if not games:
        return []
    return [
        f"scores of random and human play are the published ones, of whole games with unclipped "
        f"rewards: {', '.join(games)}"
    ]


def no_training_games(what: str, window: float) -> list[str]:
    """Return a note if the points of a run are not the games of its training.

    :param what: what they are
    :param window: the last part of the timesteps whose points make the score
    """
    if what == GAMES:
        return []
    return [
        f"the numbers compared are {what}: a score is the mean of those in the last "
        f"{100 * window:g} % of the timesteps"
    ]


def _check_alike(members: Sequence[LoggedRun]) -> None:
    first = members[0]
    for run in members:
        if run.points.what != first.points.what:
            raise CompareError(
                f"{first.name} has {first.points.what} and {run.name} {run.points.what}: "
                f"choose one kind of log with --source, or one curve with --tag"
            )


def _lengths(members: Sequence[LoggedRun], window: float) -> tuple[dict[str, int], list[str]]:
    """Return the length at which each run is compared; a crashed run has none."""
    declared = {run.name: run.n_timesteps for run in members if run.n_timesteps is not None}
    if len(declared) == len(members):
        return declared, []
    reached = {run.name: _last(run) for run in members if not _crashed(run, members, window)}
    if not reached:
        return {}, []
    shortest = min(reached, key=lambda name: reached[name])
    length, longest = reached[shortest], max(reached.values())
    notes = [LENGTHS_NOTE]
    if longest - length > _SMALL * longest:
        game, algorithm = members[0].key[:2]
        notes.append(
            f"{game}, {algorithm}: the runs end between timesteps {length:,} ({shortest}) and "
            f"{longest:,}; all are compared over the first {length:,}"
        )
    return dict.fromkeys(reached, length), notes


def _crashed(run: LoggedRun, members: Sequence[LoggedRun], window: float) -> bool:
    """Whether a run ends before the window that makes the score of its arm's median run."""
    typical = median(_last(other) for other in members if other.key.arm == run.key.arm)
    return _last(run) < max(1, (1 - window) * typical)


def _last(run: LoggedRun) -> int:
    return int(run.points.timesteps[-1]) if len(run.points.timesteps) else 0


def _run(logged: LoggedRun, n_timesteps: int | None, window: float) -> Run | Missing:
    try:
        return _usable(logged, n_timesteps, window)
    except UnusableError as error:
        reasons = [str(error), *logged.points.notes]
        return Missing(logged.name, "; ".join(reasons), logged.key)


def _usable(logged: LoggedRun, n_timesteps: int | None, window: float) -> Run:
    points = logged.points
    if not len(points.timesteps):
        raise UnusableError(f"it holds no {points.what}")
    if n_timesteps is None:
        raise UnusableError(f"it ends at timestep {_last(logged):,}, long before others of its arm")
    score = final_score(points.timesteps, points.returns, n_timesteps, window)
    if score is None:
        raise UnusableError(
            f"it has no points in the last {100 * window:g} % of its {n_timesteps:,} timesteps; "
            f"it ends at timestep {_last(logged):,}"
        )
    return Run(
        name=logged.name,
        key=logged.key,
        n_timesteps=n_timesteps,
        timing=_timing(logged),
        points=points.what,
        timesteps=points.timesteps,
        returns=points.returns,
        wall_seconds=points.wall_seconds,
        score=score,
        notes=points.notes,
        reference_scores=_reference_scores(logged),
    )


def _timing(logged: LoggedRun) -> dict[str, float] | None:
    wall = logged.points.wall_seconds
    if wall is None or wall.max() <= 0:
        return None
    seconds = float(wall.max())
    return {"wall_seconds": seconds, "timesteps_per_second": _last(logged) / seconds}
