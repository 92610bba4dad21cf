"""The folders that ``agents.train`` writes.

They hold ``run.json`` and ``episodes.csv``, of runs with evaluations ``evaluations.npz``, as SB3
writes it, and, from ``agents.evaluate``, ``evaluation.json``. A study's folder holds them and,
beside them, ``study.json`` (:mod:`coordrl.compare.reading.declared`).
"""

import os
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.reading.files import (
    LARGEST,
    LATEST,
    UnusableError,
    optional,
    optional_numbers,
    parse_numbers,
    read_bytes,
    read_complete_lines,
    read_record,
    required,
    shown,
)
from coordrl.compare.reading.folders import RUN_FILE
from coordrl.compare.reading.formats.evaluations import read_evaluations
from coordrl.compare.reading.points import Points
from coordrl.compare.reading.runs import (
    GAMES,
    AgentEvaluation,
    Missing,
    Run,
    RunKey,
    Source,
)
from coordrl.compare.statistics.curves import WINDOW, Score, final_score

EPISODE_HEADER = "timestep,wall_seconds,env,return,length"
#: What SB3's callback writes while a run trains.
EVALUATIONS_FILE = "evaluations.npz"
_EVALUATION_FILE = "evaluation.json"
_MAPS_FILE = "coordinate_maps.png"
#: Bytes of the largest picture that a report takes in.
LARGEST_PNG = 4 * 2**20
_PNG_BEGINS, _PNG_ENDS = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82"
_RELIANCE = ("greedy_changed", "kl", "value_change", "action_change")


def read_run(folder: Path, name: str, window: float, source: Source = "runs") -> Run | Missing:
    """Read a run's folder.

    :param window: the last part of the timesteps whose games make the score
    :param source: whose games are compared, those of training or those of the evaluations
    :return: the run, or why it cannot enter the statistics
    """
    try:
        return _read_run(folder, name, window, source)
    except UnusableError as error:
        return Missing(name, str(error), _key_of_path(folder, name), _given_up(folder))


def _given_up(folder: Path) -> bool:
    """Return whether a run that cannot be used has ended for good."""
    try:
        return read_record(folder / RUN_FILE).get("status") in ("finished", "failed")
    except UnusableError:
        return False


def _read_run(folder: Path, name: str, window: float, source: Source) -> Run:
    if not os.path.lexists(folder / RUN_FILE):
        raise UnusableError("not started (no run.json)")
    record = read_record(folder / RUN_FILE)
    key = _key_of_record(record)
    status = required(record, "status", str)
    if status != "finished":
        detail = record.get("error")
        raise UnusableError(f"{status}: {detail}" if detail else status)
    n_timesteps = required(record, "n_timesteps", int)
    if not 1 <= n_timesteps <= LATEST:
        raise UnusableError(f'"n_timesteps" must be at least 1, not {n_timesteps}')
    of_training = source == "runs"
    points = _training_games(folder) if of_training else read_evaluations(folder / EVALUATIONS_FILE)
    score = final_score(points.timesteps, points.returns, n_timesteps, window)
    if score is None:
        none = f"of its {len(points.timesteps)} {'games' if of_training else points.what}"
        raise UnusableError(f"finished, but none {none} ended in its last {100 * window:g} %")
    notes = [*points.notes]
    if points.timesteps.max() > n_timesteps:
        late = "games that ended" if of_training else points.what
        notes.append(f"{late} after timestep {n_timesteps:,} are left out")
    if of_training:
        notes += _disagreement(record, score, window)
    evaluations, evaluation_notes = _read_evaluations(folder)
    maps, map_notes = _coordinate_maps(folder)
    return Run(
        name=name,
        key=key,
        n_timesteps=n_timesteps,
        protocol=optional(record, "protocol", str),
        parameters=optional_numbers(record, "parameters"),
        reference_scores=_reference_scores(record, source),
        timing=optional_numbers(record, "timing"),
        provenance=optional(record, "provenance", dict) or {},
        points=points.what,
        timesteps=points.timesteps,
        returns=points.returns,
        wall_seconds=points.wall_seconds,
        score=score,
        notes=(*notes, *evaluation_notes, *map_notes),
        evaluations=evaluations,
        coordinate_maps=maps,
    )


def _training_games(folder: Path) -> Points:
    games, notes = read_episodes(folder / "episodes.csv")
    # Copies, so that the other columns need not stay in memory.
    return Points(
        what=GAMES,
        timesteps=games[:, 0].astype(np.int64),
        returns=games[:, 3].copy(),
        wall_seconds=games[:, 1].copy(),
        notes=tuple(notes),
    )


def _reference_scores(record: dict[str, Any], source: Source) -> dict[str, float] | None:
    """Return what random play scores in the games compared: evaluations may be of others."""
    name = "eval_reference_scores"
    if source == "runs" or name not in record:
        name = "reference_scores"
    return optional_numbers(record, name)


def read_episodes(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Return the finished games as rows, and a note if a half-written line was left out.

    :raises UnusableError: if the file is missing or damaged
    """
    complete, notes = read_complete_lines(path)
    header, _, body = complete.partition("\n")
    if header != EPISODE_HEADER:
        raise UnusableError(f"episodes.csv must begin with {EPISODE_HEADER}")
    columns = len(EPISODE_HEADER.split(","))
    if not body.strip():
        return np.empty((0, columns)), notes
    games = parse_numbers(body, path.name)
    if games.shape[1] != columns or not (np.abs(games) <= LARGEST).all():
        raise UnusableError(f"episodes.csv must hold {columns} finite numbers a line")
    if not ((games[:, 0] >= 0) & (games[:, 0] <= LATEST)).all():
        raise UnusableError("episodes.csv must not hold negative timesteps")
    return games, notes


def _read_evaluations(folder: Path) -> tuple[tuple[AgentEvaluation, ...], list[str]]:
    """Read the evaluations of a run's trained agent, none if there is no such file.

    They are shown beside the comparison and do not enter it, so damage is no more than noted.
    """
    path = folder / _EVALUATION_FILE
    if not os.path.lexists(path):
        return (), []
    try:
        records = required(read_record(path), "evaluations", list)
        return tuple(_evaluation(record) for record in records), []
    except UnusableError as error:
        return (), [f"the evaluations are not shown: {error}"]


def _evaluation(record: Any) -> AgentEvaluation:
    if not isinstance(record, dict):
        raise UnusableError(
            f"{_EVALUATION_FILE} must hold evaluations as objects, not {shown(record)}"
        )
    reliance = optional(record, "reliance", dict) or {}
    known = [name for name in _RELIANCE if reliance.get(name) is not None]
    return AgentEvaluation(
        deterministic=required(record, "deterministic", bool),
        coordinates=optional(record, "coordinates", bool),
        games=required(record, "n_eval_episodes", int),
        mean=required(record, "mean", float),
        env_kwargs=optional(record, "env_kwargs", dict) or {},
        reliance={name: required(reliance, name, float) for name in known},
    )


def _coordinate_maps(folder: Path) -> tuple[Path | None, list[str]]:
    path = folder / _MAPS_FILE
    if not os.path.lexists(path):
        return None, []
    try:
        read_png(path)
    except UnusableError as error:
        return None, [f"the picture of its coordinates is not shown: {error}"]
    return path, []


def read_png(path: Path) -> bytes:
    """Read a picture of coordinate maps.

    :raises UnusableError: if it is no PNG, too large, or a link
    """
    content = read_bytes(path, LARGEST_PNG)
    if not (content.startswith(_PNG_BEGINS) and content.endswith(_PNG_ENDS)):
        raise UnusableError(f"{path.name} is no PNG")
    return content


def _disagreement(record: dict[str, Any], score: Score, window: float) -> list[str]:
    """Return a note if games have been lost or added since the run recorded its own score."""
    recorded = optional(record, "score", dict)
    if recorded is None or window != WINDOW:
        return []
    mean, games = required(recorded, "mean", float), required(recorded, "games", int)
    if games == score.games and isclose(mean, score.mean, rel_tol=1e-6, abs_tol=1e-6):
        return []
    return [
        f"run.json recorded a score of {mean:g} over {games} games, "
        f"episodes.csv gives {score.mean:g} over {score.games}"
    ]


def _key_of_record(record: dict[str, Any]) -> RunKey:
    return RunKey(
        required(record, "game", str),
        required(record, "algorithm", str),
        required(record, "arm", str),
        required(record, "seed", int),
    )


def _key_of_path(folder: Path, name: str) -> RunKey | None:
    """Return what a missing run would be: from its run.json, else from its place."""
    try:
        return _key_of_record(read_record(folder / RUN_FILE))
    except UnusableError:
        parts = name.split("/")[-4:]
        seed = parts[-1].removeprefix("seed-")
        if len(parts) == 4 and seed.isdecimal():
            return RunKey(parts[0], parts[1], parts[2], int(seed))
        return None
