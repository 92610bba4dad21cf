"""The generated parts of README and docs/findings.md."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, get_args

from agents.study.findings.control import called_different, control
from agents.study.findings.prices import cost_table, large_table
from agents.study.findings.public import public_table
from agents.study.findings.records import Record
from agents.study.findings.reliance import reliance_table
from coordrl.compare.comparing import words
from coordrl.compare.comparing.results import Contrast, Group
from coordrl.compare.statistics.two_arms import ALPHA, Verdict, holm
from coordrl.compare.writing.markdown import result_blocks, table

#: The figure of both pages, below docs.
FIGURE = "images/findings.png"
#: Arms that say what made a difference, where there is one.
CONTROLS = ("constant", "fixed-code", "coord-zero")
_CELL = ("algorithm", "game")


class Secondary(NamedTuple):
    """A comparison of the secondary outcome.

    :param correlation: of the primary outcome
    :param p_holm: corrected for the study's games
    """

    group: Group
    found: Contrast
    correlation: float | None
    p_holm: float


def blocks(records: Sequence[Record]) -> dict[str, str]:
    """Return the generated parts by the names that their markers have.

    A study has no verdict before all of its runs have ended.
    """
    done = [record for record in records if record.complete]
    waiting = [record for record in records if not record.complete]
    return {
        "answer": _answer(done, waiting) if done else _no_answer(records),
        "progress": progress(records),
        "results": _joined(_results(done) if done else "", _no_results(waiting)),
        "follow-up": _joined(_follow_up(done) if done else "", _no_follow_up(waiting)),
        "control": _control(records),
        "public": public_table(records),
        "reliance": reliance_table(records),
        "cost": cost_table(records),
        "large": large_table(records),
    }


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _count(records: Sequence[Record]) -> str:
    finished, planned = sum(len(r.runs) for r in records), sum(r.planned for r in records)
    counted = f"{finished} of {planned} runs have finished"
    if all(record.complete for record in records):
        return f"{counted}."
    return f"{counted}; a study is judged when all of its own have."


def _no_answer(records: Sequence[Record]) -> str:
    return (
        "**The answer so far:** two studies of A2C and PPO, eight seeds a network, were\n"
        f"registered before they ran ([findings](docs/findings.md)). {_count(records)}"
    )


def _answer(records: Sequence[Record], waiting: Sequence[Record]) -> str:
    told = [f"{_algorithm(record)}: {_counted(record)}" for record in records]
    rows = [
        (", ".join(_names(group)), _difference(found), words.finding_text(found))
        for record in records
        for group, found in record.compared.contrasts()
    ]
    decided = any(_decided(record) for record in records)
    told += [f"{_algorithm(record)}: {_count([record])}" for record in waiting]
    return _joined(
        "**The answer:** does an agent learn faster, by the mean of its learning curve, with "
        "CoordConv (`coord`) than with\nSB3's network (`standard`)? "
        f"{' '.join(told)} [All of it](docs/findings.md).",
        f"![Learning curves of both arms, mean and 95 % band](docs/{FIGURE})",
        table(
            ("agents", "mean of the curve, coord minus standard (95 %, not corrected)", "verdict"),
            rows,
            left=1,
        ),
        _significant_scores(records),
        "Only the follow-up tells whether it is position that makes a difference."
        if decided
        else "",
        "This says nothing of other games, hyper-parameters or longer runs: these have a fiftieth "
        "(PPO) and a\ntwenty-fifth (A2C) of the usual 10M timesteps.",
    )


def _counted(record: Record) -> str:
    """Say in how many games there was which verdict."""
    counts = Counter(found.verdict for _, found in record.compared.contrasts())
    told = [f"{name} in {counts[name]}" for name in get_args(Verdict) if counts[name]]
    games = counts.total()
    return f"{', '.join(told)} of {games} games (95 % confidence, corrected for all {games})."


def _significant_scores(records: Sequence[Record]) -> str:
    """Say of which games the final scores, the secondary outcome, differ significantly."""
    found = [
        f"{', '.join(_names(group))} ({words.number_text(one.difference, sign=True)}, "
        f"p = {words.p_text(p)})"
        for record in records
        for group, one, _, p in _secondary(record)
        if p <= ALPHA
    ]
    if not found:
        return ""
    return (
        "Final scores, secondary and so without a verdict, differ significantly (corrected): "
        f"{'; '.join(found)}."
    )


def _secondary(record: Record) -> list[Secondary]:
    """Return the comparisons of the study's secondary outcome."""
    some = [
        (group, found.secondary, found.correlation)
        for group, found in record.compared.contrasts()
        if found.secondary is not None
    ]
    corrected = holm([1.0 if found.p_value is None else found.p_value for _, found, _ in some])
    return [Secondary(*one, p) for one, p in zip(some, corrected, strict=True)]


def progress(records: Sequence[Record]) -> str:
    """Return how many runs of each game have finished, and which have failed."""
    rows = [
        (
            _algorithm(record),
            game,
            str(sum(run.key.game == game for run in record.runs)),
            str(len(record.study.arms) * len(record.study.seeds)),
        )
        for record in records
        for game in record.study.env
    ]
    failed = [f"- ended without a result: {line}" for r in records for line in r.given_up]
    counted = table((*_CELL, "finished", "planned"), rows, left=2)
    return _joined(_count(records), counted, "\n".join(failed))


def _results(records: Sequence[Record]) -> str:
    parts = [f"![Learning curves of both arms, mean and 95 % band]({FIGURE})"]
    for record in records:
        told = [block.replace("## ", "#### ") for block in result_blocks(record.compared)]
        parts += [f"### {_algorithm(record)}", f"**{record.compared.headline}**", *told]
    rows = [
        (
            *_names(group),
            _difference(found),
            words.p_text(found.p_value),
            words.p_text(p),
            words.number_text(correlation),
        )
        for record in records
        for group, found, correlation, p in _secondary(record)
    ]
    header = (
        *_CELL,
        "score, coord minus standard (95 %)",
        "p",
        "p, corrected",
        "correlation, mean of the curve",
    )
    secondary = (
        "Secondary: the score of the last tenth, which has no verdict; p also with Holm's "
        "correction for the study's\ngames, which was not registered. Correlation: Pearson's, of "
        "both arms' *primary* outcomes over matched seeds;\nof eight pairs one below .71 in size "
        "is not told from 0."
    )
    return _joined(
        *parts, "### Final score, and matched seeds", secondary, table(header, rows, left=2)
    )


def _no_results(records: Sequence[Record]) -> str:
    waits = [
        f"{_algorithm(record)}: they stand here when all runs have ended." for record in records
    ]
    return "\n\n".join(waits)


def _no_follow_up(records: Sequence[Record]) -> str:
    if not records:
        return ""
    commands = (f"`{follow_up(record, ['GAME'])}`" for record in records)
    return "\n".join(
        [
            "Of studies that go on these are not known yet. The commands will be:",
            "",
            *map("- {}".format, commands),
        ]
    )


def _follow_up(records: Sequence[Record]) -> str:
    """Return the commands of the games that were decided, study by study."""
    told = []
    for record in records:
        if games := _decided(record):
            told.append(f"```bash\n{follow_up(record, games)}\n```")
        else:
            told.append(f"{_algorithm(record)}: there is no such game.")
    return "\n\n".join(told)


def _decided(record: Record) -> list[str]:
    """Return the games whose verdict is better or worse."""
    return [
        group.game
        for group, found in record.compared.contrasts()
        if found.verdict in ("better", "worse")
    ]


def follow_up(record: Record, games: Sequence[str]) -> str:
    """Return the command that trains the controls on some games, on the study's own terms."""
    return (
        f"python -m agents.study {record.name} --env {' '.join(games)} "
        f"--arms {' '.join((*record.study.arms, *CONTROLS))} -f runs/{record.name}-follow-up"
    )


def _control(records: Sequence[Record]) -> str:
    rows, games = [], 0
    for record in records:
        games += len(record.study.env)
        for group, arm in record.baselines():
            if len(arm.seeds) < len(record.study.seeds):
                continue
            verdicts = control(record.read, arm, group.random_score)
            splits = verdicts.total()
            shares = [called_different(verdicts), verdicts["equivalent"]]
            rows.append((*_names(group), str(splits), *(f"{n / splits:.1%}" for n in shares)))
    waiting = games - len(rows)
    waits = f"{waiting} of {games} games wait for the last of their `standard` runs."
    header = (*_CELL, "splits", "different", "equivalent")
    return _joined(table(header, rows, left=2) if rows else "", waits if waiting else "")


def _algorithm(record: Record) -> str:
    return words.algorithm_text(record.study.algo[0])


def _names(group: Group) -> tuple[str, str]:
    return words.algorithm_text(group.algorithm), group.game


def _difference(found: Contrast | None) -> str:
    if found is None:
        return words.NONE
    difference = words.number_text(found.difference, sign=True)
    return f"{difference} ({words.interval_text(found.interval)})"
