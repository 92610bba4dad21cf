"""What a sequential study decided at each look, as ``decisions.json`` records it."""

from dataclasses import asdict
from typing import Any

from coordrl.compare.comparing.following import Following
from coordrl.compare.reading.runs import Study


def looks_taken(study: Study, following: Following) -> list[dict[str, Any]]:
    """Return a record of each look that has been taken, of built-in types."""
    return [_look(study, following, index) for index in range(following.taken)]


def _look(study: Study, following: Following, index: int) -> dict[str, Any]:
    seeds = following.design.looks[index]
    declared = following.declared.seeds[:seeds]
    comparisons = []
    for (game, algorithm, arm), course in following.courses.items():
        if len(course) <= index:
            continue
        contrast = following.found.get((game, algorithm, arm))
        shown = [look for look in (contrast.looks if contrast else ()) if look.planned == seeds]
        arms = (arm, following.baseline)
        runs = [
            run.name
            for run in study.runs
            if run.key[:2] == (game, algorithm) and run.key.arm in arms and run.key.seed in declared
        ]
        cell = {"game": game, "algorithm": algorithm, "arm": arm}
        comparisons.append({**cell, **asdict((shown or course[index:])[0]), "runs": runs})
    return {"look": index + 1, "seeds": seeds, "comparisons": comparisons}
