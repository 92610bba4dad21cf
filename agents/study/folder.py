"""A study's folder: its runs, study.json, and a folder for every value of a sweep."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.executors.jobs import Job
from agents.run.folder import RunFolder
from agents.run.records import FORMAT
from agents.study.config import StudyConfig
from common.errors import UsageError
from common.files import locked, write_json


@dataclass(frozen=True)
class Part:
    """A study without a sweep: all of it, or what a sweep trains with one set of values.

    :param label: The part's folder within the study's; "." for all of it
    :param folder: The same, as a path
    """

    label: str
    folder: Path
    study: StudyConfig
    jobs: list[Job]


def expand(study: StudyConfig, root: Path, *, elsewhere: bool = False) -> list[Part]:
    """Expand a study into its runs; what is finished is skipped. Nothing is written.

    :param elsewhere: Whether other machines train them, whose devices are not known here
    :raises UsageError: If a run cannot be as it is described, two are the same, or the folder
        holds runs of another configuration
    """
    other = root / ("study.json" if study.sweep else "sweep.json")
    if other.exists():
        raise UsageError(f"{root} holds a study {_with(not study.sweep)} sweep: use another folder")
    parts = [_part(label, part, root, elsewhere) for label, part in study.parts().items()]
    _check_values_differ(parts)
    for part in parts:
        for job in part.jobs:
            if job.folder.exists:
                job.folder.plan(job.config)  # compares them
            if job.folder.finished:
                job.state = "skipped"
    return parts


@contextmanager
def study_locked(root: Path, parts: list[Part]) -> Iterator[None]:
    """Hold the folders of a study and of its parts, made where they are missing.

    :raises UsageError: If another study holds one of them
    """
    with ExitStack() as locks:
        for folder in dict.fromkeys((root, *(part.folder for part in parts))):
            folder.mkdir(parents=True, exist_ok=True)
            locks.enter_context(locked(folder, "the study"))
        yield


def write_study(name: str, study: StudyConfig, root: Path, parts: list[Part]) -> None:
    """Write down a study, its parts and their runs, unless they are there already."""
    for part in parts:
        for job in part.jobs:
            job.folder.plan(job.config)
        record = {
            "format": FORMAT,
            "name": name if part.label == "." else f"{name}, {part.label}",
            "config": part.study.model_dump(mode="json"),
            "hash": part.study.hash,
            "runs": [str(job.config.relative_folder) for job in part.jobs],
            "comparison": {
                **part.study.comparison.model_dump(),
                "baseline": part.study.baseline,
            },
            "note": part.study.note,
        }
        write_json(part.folder / "study.json", record)
    if study.sweep:
        record = {
            "format": FORMAT,
            "name": name,
            "config": study.model_dump(mode="json"),
            "hash": study.hash,
            "studies": [part.label for part in parts],
        }
        write_json(root / "sweep.json", record)


def _part(label: str, study: StudyConfig, root: Path, elsewhere: bool) -> Part:
    folder = root / label
    jobs = []
    for config in study.runs(elsewhere=elsewhere):
        path = folder / config.relative_folder
        jobs.append(Job(str(path.relative_to(root)), RunFolder(path), config))
    return Part(label, folder, study, jobs)


def _check_values_differ(parts: list[Part]) -> None:
    seen: dict[str, str] = {}
    for part in parts:
        config_hash = part.jobs[0].config.hash
        if config_hash in seen:
            raise UsageError(f"the sweep's {seen[config_hash]} and {part.label} are the same")
        seen[config_hash] = part.label


def _with(swept: bool) -> str:
    return "with a" if swept else "without a"
