"""What the paths of logs leave open: seeds, and algorithms that are what is compared."""

from collections.abc import Sequence
from dataclasses import replace

from coordrl.compare.reading.logs import LogFiles, LoggedRun
from coordrl.compare.reading.runs import UNSTATED_SEED, Missing, Run, RunKey

_Read = Run | Missing | LoggedRun


def without_algorithms(runs: Sequence[LogFiles]) -> tuple[list[LogFiles], list[str]]:
    """Forget the algorithms that RL Zoo recorded where every arm has one of its own.

    Arms are compared within an algorithm: if it differs with the arm, it is what is compared.

    :param runs: those whose paths were not asked for the algorithm
    """
    pairs = {(run.fields["arm"], run.fields.get("algorithm")) for run in runs}
    arms, algorithms = {arm for arm, _ in pairs}, {algorithm for _, algorithm in pairs}
    if len(arms) < 2 or not len(pairs) == len(arms) == len(algorithms):
        return list(runs), []
    kept = [
        replace(
            run, fields={name: text for name, text in run.fields.items() if name != "algorithm"}
        )
        for run in runs
    ]
    listed = ", ".join(f"{arm} ({algorithm})" for arm, algorithm in sorted(pairs, key=str))
    return kept, [f"every arm has an algorithm of its own, so algorithms are compared: {listed}"]


def numbered(read: Sequence[_Read]) -> tuple[list[_Read], list[str]]:
    """Give runs of which nothing says the seed a number, in their order.

    :return: all runs, and a note if there were such
    """
    taken = {entry.key for entry in read if entry.key is not None}
    found: list[_Read] = []
    some = False
    for entry in read:
        if isinstance(entry, Run) or entry.key is None or entry.key.seed != UNSTATED_SEED:
            found.append(entry)
            continue
        some = True
        key = _first_free(entry.key, taken)
        taken.add(key)
        found.append(replace(entry, key=key))
    note = "nothing says the seeds of some runs: those of an arm are numbered in their order"
    return found, [note] if some else []


def _first_free(key: RunKey, taken: set[RunKey]) -> RunKey:
    seed = 0
    while key._replace(seed=seed) in taken:
        seed += 1
    return key._replace(seed=seed)
