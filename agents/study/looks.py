"""The looks of a sequential study, taken while it trains: which of its runs are still needed."""

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from agents.executors.jobs import Job
from agents.run.records import FORMAT
from agents.study.folder import Part
from common.command_line import tell
from common.errors import UsageError
from common.files import read_json, write_json
from coordrl.compare import CompareError
from coordrl.compare.reading.declared import DECISIONS_FILE
from coordrl.compare.reading.runs import RunKey

if TYPE_CHECKING:
    from coordrl.compare.comparing.following import Following

ENDED = ("finished", "skipped", "failed")


class StudyLooks:
    """Takes the looks of a study's parts as they fall due, and marks the jobs that are not needed.

    What is decided follows from the runs' folders alone, so that a study that was stopped anywhere
    decides the same. ``decisions.json`` records it, and is not read to decide.

    :param recording: Whether it does: a dry run writes nothing
    """

    def __init__(self, parts: list[Part], *, recording: bool = True) -> None:
        sequential = [part for part in parts if part.study.looks and part.study.family]
        self._parts = [_PartLooks(part, recording) for part in sequential]
        self._of = {id(job): looks for looks in self._parts for job in looks.part.jobs}

    def update(self) -> None:
        """Take the looks that are due; to be called whenever a job may have ended.

        Jobs that no comparison needs any more lose ``needed``. A run that has failed before a look
        that has been taken stays given up.
        """
        for looks in self._parts:
            looks.update()

    def may_start(self, job: Job, *, ahead: int = 1) -> bool:
        """Return whether a job is to be trained now: for the next look, or for the one after it.

        :param ahead: how many looks beyond the next one are begun on
        """
        looks = self._of.get(id(job))
        return looks is None or looks.may_start(job, ahead)


class _PartLooks:
    def __init__(self, part: Part, recording: bool) -> None:
        self.part, self.recording = part, recording
        self._ended: frozenset[str] | None = None
        self._following: Following | None = None
        # Runs of the next look, by how many looks further ahead, as long as none is taken.
        self._runs: dict[int, set[RunKey]] = {}

    def update(self) -> None:
        ended = frozenset(job.name for job in self.part.jobs if job.state in ENDED)
        if ended == self._ended:
            return
        self._ended = ended
        if self._following is not None and not self._due():
            return
        try:
            self._following, taken = _follow(self.part)
        except CompareError as error:
            if ended - {job.name for job in self.part.jobs if job.state == "failed"}:
                tell(f"no look can be taken: {error}")
            return
        self._runs = {}
        for job in self.part.jobs:
            job.needed = _key(job) in self._ahead(len(self.part.jobs))
        if self.recording:
            self._record(taken)
        used = self._following.runs_needed(ahead=-1) if taken else set()
        for job in self.part.jobs:
            given_up = job.state == "waiting" and _key(job) in used
            if given_up and job.folder.record["status"] == "failed":
                reason = job.folder.record.get("error") or "it failed"
                job.failures.append(f"given up before look {len(taken)} was taken: {reason}")
                job.state = "failed"

    def may_start(self, job: Job, ahead: int) -> bool:
        if self._following is not None:
            return _key(job) in self._ahead(ahead)
        looks = self.part.study.looks or ()
        return job.config.seed in self.part.study.seeds[: looks[min(ahead, len(looks) - 1)]]

    def _due(self) -> bool:
        """Whether all runs that the next look needs have ended."""
        return all(job.state in ENDED or _key(job) not in self._ahead(0) for job in self.part.jobs)

    def _ahead(self, ahead: int) -> set[RunKey]:
        assert self._following is not None
        if ahead not in self._runs:
            self._runs[ahead] = self._following.runs_needed(ahead=ahead)
        return self._runs[ahead]

    def _record(self, taken: list[dict[str, Any]]) -> None:
        """Append the looks that are new to decisions.json."""
        path = self.part.folder / DECISIONS_FILE
        recorded = _read(self.part)
        known = [_states(look) for look in recorded]
        new = [look for look in taken if _states(look) not in known]
        if not new:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        dated = [{"time": now, **look} for look in new]
        unneeded = [str(j.config.relative_folder) for j in self.part.jobs if not j.needed]
        values = {"format": FORMAT, "looks": [*recorded, *dated], "unneeded": unneeded}
        write_json(path, values)
        for look in new:
            tell(f"look {look['look']} at {look['seeds']} seeds per arm: {_in_short(look)}")


def _follow(part: Part) -> tuple["Following", list[dict[str, Any]]]:
    """Follow a part as far as its runs allow, and return a record of each look.

    :raises CompareError: If no run of it can be compared yet
    """
    # The analysis takes seconds to import: only now.
    from coordrl.compare.comparing.analysis import follow_study
    from coordrl.compare.comparing.decisions import looks_taken
    from coordrl.compare.reading.study import read_study

    study = read_study(part.folder)
    following = follow_study(study)
    return following, looks_taken(study, following)


def _states(look: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Return what a record of a look decided."""
    found = look.get("comparisons")
    names = ("game", "algorithm", "arm", "state")
    comparisons = found if isinstance(found, list) else []
    return look.get("look"), [
        [each.get(name) for name in names] for each in comparisons if isinstance(each, dict)
    ]


def _key(job: Job) -> RunKey:
    return RunKey(job.config.env, job.config.algo, job.config.arm.name, job.config.seed)


def _read(part: Part) -> list[dict[str, Any]]:
    path = part.folder / DECISIONS_FILE
    looks = read_json(path).get("looks") if path.exists() else []
    if not isinstance(looks, list) or not all(isinstance(look, dict) for look in looks):
        raise UsageError(f"{path} is damaged: it is a record only, delete it to have it again")
    return looks


def _in_short(look: dict[str, Any]) -> str:
    return ", ".join(
        f"{found['game']} {found['algorithm']} {found['arm']} "
        + ("goes on" if found["state"] == "live" else f"stops ({found['state']})")
        for found in look["comparisons"]
    )
