"""``evaluation.json``, which ``agents.evaluate`` writes into the folder of a finished run."""

from pathlib import Path
from typing import Any

from coordrl.compare.reading.files import (
    UnusableError,
    flag,
    number,
    optional,
    read_record,
    required,
)
from coordrl.compare.reading.runs import AgentEvaluation

_FILE = "evaluation.json"
_RELIANCE = ("greedy_changed", "kl", "value_change")


def read_agent_evaluations(folder: Path) -> tuple[tuple[AgentEvaluation, ...], list[str]]:
    """Read the evaluations of a run's trained agent.

    They are shown beside the comparison and do not enter it, so damage is no more than noted.

    :param folder: the run's
    :return: its evaluations, none if there is no such file, and a note if it is damaged
    """
    path = folder / _FILE
    if not path.exists():
        return (), []
    try:
        records = required(read_record(path), "evaluations", list)
        return tuple(_evaluation(record) for record in records), []
    except UnusableError as error:
        return (), [f"the evaluations are not shown: {error}"]


def _evaluation(record: Any) -> AgentEvaluation:
    if not isinstance(record, dict):
        raise UnusableError(f"{_FILE} must hold evaluations as objects, not {record!r:.40}")
    reliance = optional(record, "reliance", dict) or {}
    return AgentEvaluation(
        deterministic=flag(record, "deterministic"),
        coordinates=None if record.get("coordinates") is None else flag(record, "coordinates"),
        games=required(record, "n_eval_episodes", int),
        mean=number(record, "mean"),
        env_kwargs=optional(record, "env_kwargs", dict) or {},
        reliance={
            name: number(reliance, name) for name in _RELIANCE if reliance.get(name) is not None
        },
    )
