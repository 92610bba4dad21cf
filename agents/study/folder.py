"""A study's folder: its runs, study.json, and a folder for every value of a sweep."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.executors.jobs import Job
from agents.run.folder import RunFolder
from agents.run.records import FORMAT
from agents.study.config import StudyConfig
from common.command_line import tell
from common.errors import UsageError
from common.files import locked, read_json, write_json
from coordrl.compare.reading.declared import (
    STUDY_FILE,
    declaration_hash,
    declared_values,
    differences,
    terms,
)
from coordrl.compare.statistics.permutation import ALPHA
from coordrl.compare.statistics.sequential import EQUIVALENCE_POWER, nominal_levels, weights


@dataclass(frozen=True)
class Part:
    """A study without a sweep: all of it, or what a sweep trains with one set of values.

    :param name: The study's name, and the part's
    :param label: The part's folder within the study's; "." for all of it
    :param folder: The same, as a path
    """

    name: str
    label: str
    folder: Path
    study: StudyConfig
    jobs: list[Job]

    @property
    def record(self) -> dict[str, Any]:
        """What its study.json is to say."""
        record = {
            "format": FORMAT,
            "name": self.name,
            "config": self.study.model_dump(mode="json"),
            "hash": self.study.hash,
            "runs": [str(job.config.relative_folder) for job in self.jobs],
            "comparison": {
                **self.study.comparison.model_dump(),
                "baseline": self.study.baseline,
                "sequential": self._sequential(),
            },
            "note": self.study.note,
        }
        if self.study.looks is not None:
            record["design"] = self._design(self.study.looks)
        return {**record, "declaration": declaration_hash(declared_values(record))}

    def _sequential(self) -> dict[str, Any] | None:
        sequential, looks = self.study.comparison.sequential, self.study.looks
        if sequential is None or looks is None:
            return None
        return {"looks": list(looks), "futility": sequential.futility}

    def _design(self, looks: tuple[int, ...]) -> dict[str, Any]:
        """Return what follows from the looks: for the record, nothing reads it."""
        family = max(self.study.family, 1)
        nominal = {
            f"{ALPHA:g}/{number}": nominal_levels(looks, ALPHA / number, pairs=self.study.pairs)
            for number in range(family, 0, -1)
        }
        return {
            "family": self.study.family,
            "weights": weights(looks),
            "equivalence_weights": weights(looks, EQUIVALENCE_POWER),
            "nominal_levels": nominal,
        }


def expand(name: str, study: StudyConfig, root: Path, *, elsewhere: bool = False) -> list[Part]:
    """Expand a study into its runs; what is finished is skipped. Nothing is written.

    :param elsewhere: Whether other machines train them, whose devices are not known here
    :raises UsageError: If a run cannot be as it is described, two are the same, or the folder
        holds runs of another configuration, or finished ones of another declaration
    """
    other = root / (STUDY_FILE if study.sweep else "sweep.json")
    if other.exists():
        raise UsageError(f"{root} holds a study {_with(not study.sweep)} sweep: use another folder")
    parts = [_part(name, label, part, root, elsewhere) for label, part in study.parts().items()]
    _check_values_differ(parts)
    for part in parts:
        _check_declaration(part)
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
        earlier = _recorded(part)
        write_json(part.folder / STUDY_FILE, part.record)
        if earlier and "declaration" not in earlier:
            tell(
                f"note: {part.folder} was begun by a version that held no study to what it "
                f"declares; from now on this one is held to: {terms(declared_values(part.record))}"
            )
    if study.sweep:
        record = {
            "format": FORMAT,
            "name": name,
            "config": study.model_dump(mode="json"),
            "hash": study.hash,
            "studies": [part.label for part in parts],
        }
        write_json(root / "sweep.json", record)


def _part(name: str, label: str, study: StudyConfig, root: Path, elsewhere: bool) -> Part:
    folder = root / label
    jobs = []
    for config in study.runs(elsewhere=elsewhere):
        path = folder / config.relative_folder
        jobs.append(Job(str(path.relative_to(root)), RunFolder(path), config))
    return Part(name if label == "." else f"{name}, {label}", label, folder, study, jobs)


def _recorded(part: Part) -> dict[str, Any]:
    """Read the study.json that is there, an empty one if there is none."""
    path = part.folder / STUDY_FILE
    return read_json(path) if path.exists() else {}


def _check_declaration(part: Part) -> None:
    """Refuse a study that declares something else than the one of which a run has finished.

    Margins, tests and seeds that are chosen after scores are known prove nothing. What a study is
    held to is the hash in its study.json: the rest of that file may have been edited.
    """
    earlier = _recorded(part)
    before, held = declared_values(earlier), earlier.get("declaration")
    if held == part.record["declaration"]:
        return
    changed = differences(before, declared_values(part.record))
    if held not in (None, declaration_hash(before)):
        changed.append(f"something else than its {STUDY_FILE} says, which was edited")
    if not changed:
        return
    runs = earlier["runs"] if isinstance(earlier.get("runs"), list) else []
    folders = [RunFolder(part.folder / str(name)) for name in runs]
    if not any(folder.finished for folder in (*folders, *(job.folder for job in part.jobs))):
        return
    if not earlier:
        raise UsageError(
            f"{part.folder} has finished runs and no {STUDY_FILE}, so that nobody knows what they "
            f"were declared for: a new study needs a new folder, -f FOLDER"
        )
    raise UsageError(
        f"{part.folder} has finished runs of a study that declares {'; '.join(changed)}: what "
        f"is declared stays as it is once a run has finished; a new study needs a new folder, "
        f"-f FOLDER"
    )


def _check_values_differ(parts: list[Part]) -> None:
    seen: dict[str, str] = {}
    for part in parts:
        config_hash = part.jobs[0].config.hash
        if config_hash in seen:
            raise UsageError(f"the sweep's {seen[config_hash]} and {part.label} are the same")
        seen[config_hash] = part.label


def _with(swept: bool) -> str:
    return "with a" if swept else "without a"
