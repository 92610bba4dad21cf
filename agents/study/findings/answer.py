"""README's answer."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from agents.study.findings.follow_up import FollowUp, controls
from agents.study.findings.records import Record
from agents.study.findings.results import (
    FIGURE,
    SHARE,
    algorithm,
    count,
    decided,
    names,
    paragraphs,
    secondary,
    shares,
)
from coordrl.compare.comparing import words
from coordrl.compare.statistics.two_arms import ALPHA, Verdict
from coordrl.compare.writing.markdown import table

MORE = "[All of it](docs/findings.md)."
#: The verdicts that tell of no difference that matters.
UNDECIDED = tuple(one for one in get_args(Verdict) if one not in ("better", "worse"))


def no_answer(records: Sequence[Record]) -> str:
    """Say that no study has ended yet."""
    return (
        "**The answer so far:** two studies of A2C and PPO, eight seeds a network, were\n"
        f"registered before they ran ([findings](docs/findings.md)). {count(records)}"
    )


def answer(
    records: Sequence[Record], waiting: Sequence[Record], follow_ups: Sequence[FollowUp]
) -> str:
    """Return the answer in a sentence, the figure, the verdicts, and what they do not say.

    :param records: Of studies whose runs have all ended, at least one
    :param waiting: Of the others
    :param follow_ups: Those whose runs have all ended
    """
    waits = [f"{algorithm(record)}: {count([record])}" for record in waiting]
    rows = [
        (", ".join(names(group)), share, words.p_text(found.p_holm), words.finding_text(found))
        for record in records
        for group, found, share in shares(record)
    ]
    return paragraphs(
        "**The answer:** by the mean of the learning curve, agents are shown to learn faster with "
        "CoordConv (`coord`)\nthan with SB3's network (`standard`) in "
        f"{_counted(records, so_far=bool(waiting))} {' '.join([*waits, MORE])}",
        f"![Learning curves of both arms, mean and 95 % band](docs/{FIGURE})",
        table(("agents", SHARE, "p", "verdict"), rows, left=1),
        f"{len(records[0].study.seeds)} seeds an arm, registered before they ran. Each study is "
        "tested at 5 %, p corrected for its games, intervals\nnot. A difference matters from 10 %.",
        _significant_scores(records),
        _followed(records, follow_ups),
        "This says nothing of other games, hyper-parameters or longer runs: these have a fiftieth "
        "(PPO) and a\ntwenty-fifth (A2C) of the usual 10M timesteps.",
    )


def _counted(records: Sequence[Record], *, so_far: bool) -> str:
    """Say in how many comparisons there was which verdict, and name those of a difference."""
    contrasts = [each for record in records for each in record.compared.contrasts()]
    counts = Counter(found.verdict for _, found in contrasts)

    def told(verdict: Verdict) -> str:
        games = [", ".join(names(group)) for group, found in contrasts if found.verdict == verdict]
        return f" ({'; '.join(games)})" if games else ""

    others = [f"{verdict} in {counts[verdict]}" for verdict in UNDECIDED if counts[verdict]]
    total = f"{counts.total()} comparisons" + " so far" * so_far
    return (
        f"{counts['better']} of {total}{told('better')}, and\n"
        f"slower in {counts['worse']}{told('worse')}{'; ' * bool(others)}{', '.join(others)}."
    )


def _significant_scores(records: Sequence[Record]) -> str:
    """Say of which games the final scores, the secondary outcome, differ significantly."""
    found = [
        f"{', '.join(names(group))} ({words.number_text(one.difference, sign=True)}, "
        f"p = {words.p_text(p)})".replace("p = <", "p <")
        for record in records
        for group, one, _, p in secondary(record)
        if p <= ALPHA
    ]
    if not found:
        return ""
    return (
        "Secondary, correction not registered: final scores differ significantly in\n"
        f"{'; '.join(found)}."
    )


def _followed(records: Sequence[Record], follow_ups: Sequence[FollowUp]) -> str:
    """Say how the controls compare with the baseline, or that they have not been asked."""
    if not any(decided(record) for record in records):
        return ""
    if not follow_ups:
        return "Only the follow-up tells whether it is position that makes a difference."
    found: dict[str, list[str]] = {}
    for follow_up in follow_ups:
        for one in controls(follow_up):
            key = f"{one.standard.verdict} ({', '.join(names(one.group))})"
            found.setdefault(key, []).append(f"`{one.arm.arm}`")
    told = [f"{', '.join(arms)} {verdict}" for verdict, arms in found.items()]
    return f"Controls against `standard`: {'; '.join(told)}."
