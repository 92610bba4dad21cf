"""What the trained agents do with their coordinates."""

from collections.abc import Sequence

from agents.study.findings.evaluations import change_text, evaluations, mean_text
from agents.study.findings.records import Record
from coordrl.compare.comparing import words
from coordrl.compare.writing.markdown import table


def reliance_table(records: Sequence[Record]) -> str:
    """Return the table of the page; empty if no agent was evaluated with coordinates off."""
    rows = []
    for record in records:
        for (algorithm, game, arm), agents in evaluations(record).items():
            both = [drawn for drawn in agents if drawn.keys() >= {True, False}]
            if not both:
                continue
            on, off = ([drawn[switch] for drawn in both] for switch in (True, False))
            changed = [one["reliance"]["greedy_changed"] for one in on]
            returns, without = ([one["mean"] for one in ones] for ones in (on, off))
            rows.append(
                (
                    *(words.algorithm_text(algorithm), game, arm, str(len(both))),
                    f"{min(changed):.2f} to {max(changed):.2f}",
                    mean_text([one["reliance"]["kl"] for one in on]),
                    *(mean_text(returns), mean_text(without), change_text(returns, without)),
                )
            )
    columns = (
        *("algorithm", "game", "arm", "agents", "other action", "KL"),
        *("return", "return without", "difference (95 %)"),
    )
    return table(columns, rows, left=3) if rows else ""
