"""What the studies have cost, and what the large one will at such rates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.run.folder import RunFolder
from agents.study.config import parse_study, read_study_file
from agents.study.costs import makespan
from agents.study.findings.records import Record
from agents.study.findings.results import algorithm, paragraphs
from coordrl.compare.comparing import words
from coordrl.compare.writing.markdown import table
from coordrl.compare.writing.page.cost import costs

#: Cores for which the large study's days are told: a laptop's, a workstation's, ten nodes of 32.
CORES = (2, 16, 320)


@dataclass(frozen=True)
class Price:
    """What the large study costs with one algorithm.

    :param milliseconds: of processor time for a timestep, by arm, as measured
    :param hours: of one core, for all runs
    :param days: with each of :data:`CORES`, a run on each at a time
    """

    algorithm: str
    runs: int
    milliseconds: dict[str, float]
    hours: float
    days: tuple[float, ...]


def prices(records: Sequence[Record]) -> list[Price]:
    """Return the price with each algorithm that has been measured.

    Arms that have not run yet count as the slowest one that has.
    """
    study = parse_study(read_study_file(Path("atari-paper")), "atari-paper")
    assert isinstance(study.n_timesteps, int)
    found = []
    for algo in study.algo:
        measured = _milliseconds(records, algo)
        if not measured:
            continue
        slowest = max(measured.values())
        seconds = [
            measured.get(arm, slowest) / 1000 * study.n_timesteps
            for _ in range(len(study.env) * len(study.seeds))
            for arm in study.arms
        ]
        days = tuple(makespan(seconds, cores) / 86_400 for cores in CORES)
        found.append(Price(algo, len(seconds), measured, sum(seconds) / 3600, days))
    return found


def _milliseconds(records: Sequence[Record], algorithm: str) -> dict[str, float]:
    """Return the mean processor time of a timestep, by arm."""
    runs = [run for record in records for run in record.runs if run.key.algorithm == algorithm]
    found = {}
    for arm in dict.fromkeys(run.key.arm for run in runs):
        timed = [(run.timing, run.n_timesteps) for run in runs if run.key.arm == arm]
        known = [(timing["cpu_seconds"], n) for timing, n in timed if timing is not None]
        if known:
            found[arm] = 1000 * sum(seconds for seconds, _ in known) / sum(n for _, n in known)
    return found


def cost_table(records: Sequence[Record]) -> str:
    """Return what the finished runs took, and the machines that trained them."""
    found = [cost for record in records if record.runs for cost in costs(record.compared)]
    rows = [
        (
            words.algorithm_text(cost.algorithm),
            cost.arm,
            str(cost.runs),
            words.count_text(cost.timesteps_per_second),
            words.number_text(cost.cpu_seconds and cost.cpu_seconds / 3600),
        )
        for cost in found
    ]
    header = ("algorithm", "arm", "runs", "timesteps/s", "CPU hours")
    return paragraphs(table(header, rows, left=2), *_machines(records), _interrupted(records))


def _machines(records: Sequence[Record]) -> list[str]:
    """Count the runs of each kind of machine, and the matched seeds that two kinds have trained."""
    machines: Counter[str] = Counter()
    cells: dict[tuple[str, str, int], set[str]] = {}
    for record in records:
        for run in record.runs:
            facts = (str(run.provenance.get(name)) for name in ("cpu", "cpu_capability", "cores"))
            machines[kind := " ".join(facts)] += 1
            cells.setdefault((run.key.algorithm, run.key.game, run.key.seed), set()).add(kind)
    if not machines:
        return []
    counted = ", ".join(f"{name} cores: {count} runs" for name, count in machines.items())
    if len(machines) == 1:
        return [f"Machines: {counted}."]
    mixed = sum(len(kinds) > 1 for kinds in cells.values())
    return [f"Machines: {counted}. Matched runs of different kinds: {mixed} of {len(cells)} pairs."]


def _interrupted(records: Sequence[Record]) -> str:
    """Count the runs that went on from a checkpoint, and those that did not do so exactly."""
    counted, inexact = [], 0
    for record in records:
        resumptions = [
            RunFolder(record.folder / run.name).record["resumptions"] for run in record.runs
        ]
        if resumed := [rows for rows in resumptions if rows]:
            counted.append(f"{len(resumed)} of {len(resumptions)} with {algorithm(record)}")
        inexact += sum(
            not row["exact"] or bool(row["changed_builds"]) for rows in resumed for row in rows
        )
    if not counted:
        return ""
    how = (
        f" (of {inexact} of their resumptions the bits are not exact)"
        if inexact
        else " (always exactly)"
    )
    return f"Runs that were interrupted and went on from a checkpoint{how}: {', '.join(counted)}."


def large_table(records: Sequence[Record]) -> str:
    """Return what the large study costs on some numbers of cores."""
    known = prices(records)
    rows = [
        (
            words.algorithm_text(price.algorithm),
            str(price.runs),
            ", ".join(f"{arm} {ms:.2f}" for arm, ms in price.milliseconds.items()),
            words.count_text(price.hours),
            *(words.number_text(days) for days in price.days),
        )
        for price in known
    ]
    header = (
        "algorithm",
        "runs",
        "CPU ms a timestep",
        "core hours",
        *(f"days, {cores} cores" for cores in CORES),
    )
    missing = len(records) - len(known)
    waits = ["An algorithm that is missing has not been measured yet."] if missing else []
    return "\n\n".join([table(header, rows, left=1), *waits])
