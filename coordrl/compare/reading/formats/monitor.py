"""SB3's Monitor CSV files: ``monitor.csv`` or one ``N.monitor.csv`` an environment.

Monitor writes a game's return ``r``, its length ``l`` in steps of the environment it wraps and
its wall time ``t``. The environments of a VecEnv step together, so a game that ends after
``s`` steps of its environment ends at timestep ``s * n_envs`` of the run: exactly SB3's
``num_timesteps``. Beneath AtariWrapper (a NoFrameskip id) a step is a frame, four a timestep;
the frames of no-ops and of FIRE after resets and lost lives count too, so that timesteps are then
too late: with random play by 0.4 % in Pong, 3 % in Seaquest, 10 % in Breakout.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.reading.files import (
    UnusableError,
    parse_numbers,
    read_complete_lines,
    required,
)
from coordrl.compare.reading.formats.monitor_sets import check_names, check_times
from coordrl.compare.reading.points import Points, make_points
from coordrl.compare.reading.runs import GAMES

#: Frames a timestep under AtariWrapper.
FRAME_SKIP = 4
FRAMES_NOTE = (
    f"Monitor counts frames on NoFrameskip games, those of resets among them: {FRAME_SKIP} are "
    f"taken as a timestep, which puts games up to about 10 % late; event files are exact"
)
UNNAMED_NOTE = (
    "some Monitor files name no game, as those of SB3's VecMonitor, which are one for all "
    "environments: if so, timesteps are those of finished games; points come early by the games "
    "under way"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _File:
    """One environment's games: steps of the environment when each ended, returns, wall time."""

    name: str
    game: str | None
    started: float
    steps: NDArray[np.float64]
    returns: NDArray[np.float64]
    wall_seconds: NDArray[np.float64]
    notes: list[str]

    @property
    def first_end(self) -> float | None:
        """When its first game ended, in seconds from its start; None without a game."""
        return float(self.wall_seconds[0]) if len(self.wall_seconds) else None


def read_monitors(
    paths: Sequence[Path], n_envs: int | None = None, *, numbered: bool = True
) -> Points:
    """Read the Monitor files of a run.

    :param paths: one an environment
    :param n_envs: how many environments there were, if that is known
    :param numbered: whether numbers in their names count environments, rather than runs
    :raises UnusableError: if a file is damaged or missing, or they are not of one run
    """
    check_names(paths, n_envs, numbered=numbered)
    files = [_read_file(path) for path in paths]
    check_times(files)
    games = {file.game for file in files if file.game}
    if len(games) > 1:
        raise UnusableError(f"the Monitor files are of several games: {', '.join(sorted(games))}")
    game = next(iter(games), None)
    frames = game is not None and "NoFrameskip" in game
    steps = np.concatenate([file.steps for file in files]) * len(files)
    started = min(file.started for file in files)
    return make_points(
        GAMES,
        np.floor_divide(steps, FRAME_SKIP) if frames else steps,
        np.concatenate([file.returns for file in files]),
        np.concatenate([file.wall_seconds + (file.started - started) for file in files]),
        game=game,
        notes=[note for file in files for note in file.notes],
        facts=[*([FRAMES_NOTE] if frames else []), *([] if game else [UNNAMED_NOTE])],
    )


def _read_file(path: Path) -> _File:
    complete, notes = read_complete_lines(path)
    first, _, rest = complete.partition("\n")
    header, _, body = rest.partition("\n")
    about = _read_header(path.name, first)
    names = [name.strip() for name in header.split(",")]
    if missing := [name for name in ("r", "l", "t") if name not in names]:
        raise UnusableError(f"{path.name} has no column {missing[0]!r}; Monitor writes r,l,t")
    columns = (names.index("r"), names.index("l"), names.index("t"))
    rows = parse_numbers(body, path.name, columns) if body.strip() else np.empty((0, 3))
    lengths, wall_seconds = rows[:, 1], rows[:, 2]
    if not (lengths >= 1).all():
        raise UnusableError(f"{path.name} has a game of a length below 1")
    if (wall_seconds[1:] < wall_seconds[:-1]).any():
        notes.append(f"{path.name} was continued by a later process")
        wall_seconds = _joined(wall_seconds)
    game = about.get("env_id")
    return _File(
        name=path.name,
        game=game if isinstance(game, str) and game != "None" else None,
        started=required(about, "t_start", float),
        steps=np.cumsum(lengths),
        returns=rows[:, 0],
        wall_seconds=wall_seconds,
        notes=notes,
    )


def _read_header(name: str, line: str) -> dict[str, Any]:
    """Return the JSON object that Monitor writes into the first line."""
    try:
        about = json.loads(line[1:]) if line.startswith("#") else None
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or "t_start" not in about:
        raise UnusableError(f'{name} must begin with Monitor\'s line #{{"t_start": ...}}')
    return about


def _joined(wall_seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return wall times that go on where they start again."""
    restarts = np.flatnonzero(wall_seconds[1:] < wall_seconds[:-1])
    offsets = np.zeros_like(wall_seconds)
    offsets[restarts + 1] = wall_seconds[restarts]
    return wall_seconds + np.cumsum(offsets)
