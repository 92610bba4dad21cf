"""The follow-up of a study: whether its controls do what ``coord`` did on the games it decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.study.findings.records import Record, read_record
from agents.study.findings.results import decided, difference, names, paragraphs
from coordrl.compare.comparing import words
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.comparing.results import ArmResult, Comparison, Contrast, Group
from coordrl.compare.statistics.two_arms import Verdict
from coordrl.compare.writing.markdown import table

#: Arms that say what made a difference, where there is one.
CONTROLS = ("constant", "fixed-code", "coord-zero")
#: The arm of which they are controls.
COORD = "coord"
FIGURE = "images/findings_follow_up.png"
UNTOLD = "not told from either"


@dataclass(frozen=True, eq=False)
class FollowUp:
    """A study's controls with its arms, on the games whose verdict is better or worse.

    :param record: its runs, all of which have ended, compared with the study's baseline
    :param with_coord: the same, compared with ``coord``
    """

    record: Record
    with_coord: Comparison


@dataclass(frozen=True, eq=False)
class Control:
    """What a control has shown of a game.

    :param standard: the control against the study's baseline
    :param coord: the control against ``coord``
    :param shared: what follows, in words
    """

    group: Group
    arm: ArmResult
    standard: Contrast
    coord: Contrast
    shared: str


def training(record: Record, games: Sequence[str]) -> str:
    """Return the command that trains the controls on some games, on the study's own terms."""
    return (
        f"python -m agents.study {record.name} --env {' '.join(games)} "
        f"--arms {' '.join(_arms(record))} -f runs/{record.name}-follow-up"
    )


def read_follow_up(record: Record) -> FollowUp | None:
    """Read a study's follow-up, if there is one and all of its runs have ended.

    :param record: a study whose runs have all ended
    :raises UsageError: if its records are not of the study's terms, or are damaged
    """
    games = decided(record)
    folder = record.folder.with_name(f"{record.folder.name}-follow-up")
    if not games or not folder.exists():
        return None
    found = read_record(record.name, folder, env=games, arms=_arms(record))
    if not found.complete:
        return None
    return FollowUp(found, compare(found.read, baseline=COORD))


def follow_up_results(follow_up: FollowUp) -> str:
    """Return figure and table of what the controls have shown."""
    rows = [
        (
            *names(one.group),
            one.arm.arm,
            words.plus_minus(one.arm.mean, one.arm.interval),
            *_compared(one.standard),
            *_compared(one.coord),
            one.shared,
        )
        for one in controls(follow_up)
    ]
    columns = (
        *("algorithm", "game", "control", "mean of the curve"),
        *("minus standard (95 %)", "p", "verdict", "minus coord (95 %)", "p", "verdict", "it"),
    )
    return paragraphs(
        f"![Learning curves of the controls, mean and 95 % band]({FIGURE})",
        table(columns, rows, left=3),
    )


def _compared(found: Contrast) -> tuple[str, str, str]:
    return difference(found), words.p_text(found.p_holm), words.finding_text(found)


def controls(follow_up: FollowUp) -> Iterator[Control]:
    """Yield what each control has shown, game by game."""
    for group, with_coord in zip(
        follow_up.record.compared.groups, follow_up.with_coord.groups, strict=True
    ):
        standard = {found.arm: found for found in group.contrasts}
        coord = {found.arm: found for found in with_coord.contrasts}
        for arm in group.arms:
            if arm.arm in CONTROLS:
                pair = standard[arm.arm], coord[arm.arm]
                shared = what_follows(
                    fault=(standard[COORD].difference or 0) < 0,
                    standard=pair[0].verdict,
                    coord=pair[1].verdict,
                )
                yield Control(group, arm, *pair, shared)


def what_follows(*, fault: bool, standard: Verdict | None, coord: Verdict | None) -> str:
    """Say whether a control does what ``coord`` did, by the rule in docs/findings.md.

    :param fault: whether ``coord`` was worse, and not better
    :param standard: the verdict of the control against the study's baseline
    :param coord: that against ``coord``
    """
    alike = coord in ("equivalent", "negligible")
    if not fault:
        if coord == "worse":
            return "short of the gain"
        return "gain reached" if alike or coord == "better" else UNTOLD
    if coord == "better":
        return "fault shared in part" if standard == "worse" else "free of the fault"
    return "fault shared" if alike or "worse" in (standard, coord) else UNTOLD


def _arms(record: Record) -> tuple[str, ...]:
    return (*record.study.arms, *CONTROLS)
