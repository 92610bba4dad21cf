"""The generated parts of README and docs/findings.md."""

from collections import Counter
from collections.abc import Sequence

from agents.study.findings.control import called_different, control
from agents.study.findings.prices import CORES, prices
from agents.study.findings.public import ONE_RUN, SOURCES, points
from agents.study.findings.records import Record
from agents.study.findings.reliance import reliance_table
from coordrl.compare.comparing import words
from coordrl.compare.comparing.results import Contrast, Group
from coordrl.compare.statistics.two_arms import mean_interval
from coordrl.compare.writing.markdown import result_blocks, table
from coordrl.compare.writing.page.cost import costs

#: The figure of both pages, below docs.
FIGURE = "images/findings.png"
#: Arms that say what made a difference, where there is one.
CONTROLS = ("constant", "fixed-code", "coord-zero")
_CELL = ("algorithm", "game")


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
        "public": _public(records),
        "reliance": reliance_table(records),
        "cost": _cost(records),
        "large": _large(records),
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
    told = [f"{_algorithm(record)}: {record.compared.headline}" for record in records]
    rows = [
        (", ".join(_names(group)), _difference(found), str(found.verdict))
        for record in records
        for group, found in record.compared.contrasts()
    ]
    told += [f"{_algorithm(record)}: {_count([record])}" for record in waiting]
    return _joined(
        "**The answer:** does CoordConv (`coord`) learn faster than SB3's network (`standard`)?\n"
        f"{' '.join(told)} [All of it](docs/findings.md).",
        f"![Learning curves of both arms, mean and 95 % band](docs/{FIGURE})",
        table(
            ("agents", "mean of the curve, coord minus standard (95 %)", "verdict"), rows, left=1
        ),
        "This says nothing of other games, other hyper-parameters or longer runs: these have a "
        "fiftieth (PPO)\nand a twenty-fifth (A2C) of the usual 10M timesteps.",
    )


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
            _difference(found.secondary),
            words.p_text(found.secondary.p_value),
            words.number_text(found.correlation),
        )
        for record in records
        for group, found in record.compared.contrasts()
        if found.secondary is not None
    ]
    header = (
        *_CELL,
        "score, coord minus standard (95 %)",
        "p, uncorrected",
        "correlation of seeds",
    )
    secondary = (
        "Secondary: the score of the last tenth, which has no verdict. Correlation: of both arms' "
        "primary outcomes\nbetween matched seeds, which tells what matching was worth."
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
    commands = []
    for record in records:
        decided = [
            group.game
            for group, found in record.compared.contrasts()
            if found.verdict in ("better", "worse")
        ]
        commands += [follow_up(record, decided)] if decided else []
    if not commands:
        return f"{' and '.join(map(_algorithm, records))}: there is no such game."
    return "\n".join(["```bash", *commands, "```"])


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


def _public(records: Sequence[Record]) -> str:
    rows, inside = [], []
    for point in (point for record in records for point in points(record)):
        single, expected = point.public.get(ONE_RUN), point.one_more_run
        if single is not None and expected is not None:
            inside.append(expected.low <= single <= expected.high)
        beside = [point.public.get(source) for source in SOURCES]
        rows.append(
            (
                words.algorithm_text(point.algorithm),
                point.game,
                f"{point.timestep:,}",
                str(len(point.runs)),
                words.plus_minus(point.mean, mean_interval(point.runs)),
                f"{words.number_text(expected.low)} to {words.number_text(expected.high)}"
                if expected
                else words.NONE,
                *(words.number_text(value) for value in beside),
                *(
                    words.number_text(None if value is None else point.mean - value, sign=True)
                    for value in beside
                ),
            )
        )
    names = SOURCES.values()
    differences = (f"minus {name}" for name in names)
    header = (*_CELL, "timesteps", "runs", "standard", "one more run", *names, *differences)
    told = (
        f"{SOURCES[ONE_RUN]}: {sum(inside)} of {len(inside)} points lie where one more run would."
    )
    return _joined(table(header, rows, left=2), told)


def _cost(records: Sequence[Record]) -> str:
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
    return _joined(table(header, rows, left=2), *_machines(records))


def _machines(records: Sequence[Record]) -> list[str]:
    machines = Counter(
        " ".join(str(run.provenance.get(name)) for name in ("cpu", "cpu_capability", "cores"))
        for record in records
        for run in record.runs
    )
    counted = ", ".join(f"{name} cores: {count} runs" for name, count in machines.items())
    return [f"Machines: {counted}."] if machines else []


def _large(records: Sequence[Record]) -> str:
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
    waits = "An algorithm that is missing has not been measured yet." if missing else ""
    return _joined(table(header, rows, left=1), waits)


def _algorithm(record: Record) -> str:
    return words.algorithm_text(record.study.algo[0])


def _names(group: Group) -> tuple[str, str]:
    return words.algorithm_text(group.algorithm), group.game


def _difference(found: Contrast | None) -> str:
    if found is None:
        return words.NONE
    difference = words.number_text(found.difference, sign=True)
    return f"{difference} ({words.interval_text(found.interval)})"
