"""The generated parts of README and docs/findings.md."""

from collections.abc import Sequence

from agents.study.findings.answer import answer, no_answer
from agents.study.findings.control import called_different, control
from agents.study.findings.follow_up import FollowUp, follow_up_results, training
from agents.study.findings.prices import cost_table, large_table
from agents.study.findings.public import public_table
from agents.study.findings.records import Record
from agents.study.findings.reliance import reliance_table
from agents.study.findings.results import (
    FIGURE,
    SHARE,
    algorithm,
    count,
    decided,
    difference,
    names,
    paragraphs,
    secondary,
    shares,
)
from agents.study.findings.watching import watching_table
from coordrl.compare.comparing import words
from coordrl.compare.writing.markdown import result_blocks, table

_CELL = ("algorithm", "game")


def blocks(records: Sequence[Record], follow_ups: Sequence[FollowUp]) -> dict[str, str]:
    """Return the generated parts by the names that their markers have.

    A study has no verdict before all of its runs have ended.
    """
    done = [record for record in records if record.complete]
    waiting = [record for record in records if not record.complete]
    return {
        "answer": answer(done, waiting, follow_ups) if done else no_answer(records),
        "progress": progress(records),
        "results": paragraphs(_results(done) if done else "", _no_results(waiting)),
        "follow-up": paragraphs(
            _follow_up(done) if done else "",
            _no_follow_up(waiting),
            *map(follow_up_results, follow_ups),
        ),
        "control": _control(records),
        "public": public_table(records),
        "watching": watching_table(records),
        "reliance": reliance_table(records),
        "cost": cost_table(records),
        "large": large_table(records),
    }


def progress(records: Sequence[Record]) -> str:
    """Return how many runs of each game have finished, and which have failed."""
    rows = [
        (
            algorithm(record),
            game,
            str(sum(run.key.game == game for run in record.runs)),
            str(len(record.study.arms) * len(record.study.seeds)),
        )
        for record in records
        for game in record.study.env
    ]
    failed = [f"- ended without a result: {line}" for r in records for line in r.given_up]
    counted = table((*_CELL, "finished", "planned"), rows, left=2)
    return paragraphs(count(records), counted, "\n".join(failed))


def _results(records: Sequence[Record]) -> str:
    parts = [
        f"![Learning curves of both arms, mean and 95 % band]({FIGURE})",
        "Dotted: published random play. The bands are 95 % intervals of each point by itself.",
    ]
    for record in records:
        told = [block.replace("## ", "#### ") for block in result_blocks(record.compared)]
        parts += [f"### {algorithm(record)}", f"**{record.compared.headline}**", *told]
    rows = [
        (
            *names(group),
            difference(found),
            words.p_text(found.p_value),
            words.p_text(p),
            words.number_text(correlation),
        )
        for record in records
        for group, found, correlation, p in secondary(record)
    ]
    header = (
        *_CELL,
        "score, coord minus standard (95 %)",
        "p",
        "p, corrected",
        "correlation, mean of the curve",
    )
    explained = (
        "Secondary: the score of the last tenth, which has no verdict; p also with Holm's "
        "correction for the study's\ngames, which was not registered. Correlation: Pearson's, of "
        "both arms' *primary* outcomes over matched seeds;\nof eight pairs one below .71 in size "
        "is not told from 0."
    )
    return paragraphs(
        *parts,
        *_sizes(records),
        "### Final score, and matched seeds",
        explained,
        table(header, rows, left=2),
    )


def _sizes(records: Sequence[Record]) -> tuple[str, str, str]:
    """Return a section with all games in one unit."""
    rows = [
        (*names(group), words.number_text(found.margin), share)
        for record in records
        for group, found, share in shares(record)
    ]
    explained = (
        "A margin is a tenth of the mean of `standard`'s curve above published random play. In "
        "percent of ten margins all\ngames have one unit; what `standard` learned is taken as "
        "known there, its spread left out:"
    )
    return (
        "### How large the differences are",
        explained,
        table((*_CELL, "margin, points", SHARE), rows, left=2),
    )


def _no_results(records: Sequence[Record]) -> str:
    waits = [
        f"{algorithm(record)}: they stand here when all runs have ended." for record in records
    ]
    return "\n\n".join(waits)


def _no_follow_up(records: Sequence[Record]) -> str:
    if not records:
        return ""
    commands = (f"`{training(record, ['GAME'])}`" for record in records)
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
        if games := decided(record):
            told.append(f"```bash\n{training(record, games)}\n```")
        else:
            told.append(f"{algorithm(record)}: there is no such game.")
    return "\n\n".join(told)


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
            rows.append((*names(group), str(splits), *(f"{n / splits:.1%}" for n in shares)))
    waiting = games - len(rows)
    waits = f"{waiting} of {games} games wait for the last of their `standard` runs."
    header = (*_CELL, "splits", "different", "equivalent")
    return paragraphs(table(header, rows, left=2) if rows else "", waits if waiting else "")
