"""The registered studies and what has been recorded of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.study.config import StudyConfig, parse_study, read_study_file
from agents.study.folder import expand
from common.errors import UsageError
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.comparing.results import ArmResult, Comparison, Group
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.declared import STUDY_FILE
from coordrl.compare.reading.runs import Run, Study
from coordrl.compare.reading.study import read_study

#: The registered studies, and the folders of their records.
STUDIES = {"atari-a2c": "a2c", "atari-ppo": "ppo"}


@dataclass(frozen=True, eq=False)
class Record:
    """A registered study and its records.

    :param found: its runs, and their comparison; None before one has finished
    """

    name: str
    folder: Path
    study: StudyConfig
    found: tuple[Study, Comparison] | None

    @property
    def planned(self) -> int:
        """How many runs were registered."""
        study = self.study
        return len(study.env) * len(study.algo) * len(study.arms) * len(study.seeds)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The finished runs."""
        return self.found[0].runs if self.found else ()

    @property
    def given_up(self) -> list[str]:
        """Say which runs have ended without a result, and why."""
        missing = self.found[0].missing if self.found else ()
        return [f"{self.name}/{run.name}: {run.reason}" for run in missing if run.given_up]

    @property
    def complete(self) -> bool:
        """Whether all its runs have ended."""
        return len(self.runs) + len(self.given_up) == self.planned

    @property
    def read(self) -> Study:
        """Its runs, of which one has finished."""
        assert self.found is not None
        return self.found[0]

    @property
    def compared(self) -> Comparison:
        """Their comparison."""
        assert self.found is not None
        return self.found[1]

    def baselines(self) -> list[tuple[Group, ArmResult]]:
        """Return the baseline of each game that has finished runs of it."""
        groups = self.found[1].groups if self.found else ()
        return [(g, arm) for g in groups for arm in g.arms if arm.arm == self.study.baseline]


def read_records(folder: Path) -> list[Record]:
    """Read what there is of all registered studies.

    :param folder: holds a folder for each of :data:`STUDIES`
    :raises UsageError: if the records are not of the study that was registered, or are damaged
    """
    return [read_record(name, folder / part) for name, part in STUDIES.items()]


def read_record(name: str, folder: Path, **replaced: Any) -> Record:
    """Read what there is of a study.

    :param replaced: keys of the study's file that have other values
    :raises UsageError: if the records are not of that study, or are damaged
    """
    study = parse_study({**read_study_file(Path(name)), **replaced}, name)
    # This holds the records to what was registered: the declaration, and each run's configuration.
    [part] = expand(name, study, folder, elsewhere=True)
    if not any(job.state == "skipped" for job in part.jobs):
        return Record(name, folder, study, None)
    try:
        runs = read_study(folder)
        if runs.declared.altered:
            raise UsageError(
                f"{folder / STUDY_FILE} says something else than was registered: take back its "
                f"last change"
            )
        return Record(name, folder, study, (runs, compare(runs)))
    except CompareError as error:
        raise UsageError(str(error)) from error
