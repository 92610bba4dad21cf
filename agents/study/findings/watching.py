"""Whether the trained agents watch the screen at all."""

from collections.abc import Sequence

from agents.study.findings.evaluations import change_text, evaluations, mean_text
from agents.study.findings.records import Record
from coordrl.compare.comparing import words
from coordrl.compare.writing.markdown import table


def watching_table(records: Sequence[Record]) -> str:
    """Return the table of the page; empty if no agent has played blindly."""
    rows = []
    for record in records:
        for (algorithm, game, arm), agents in evaluations(record).items():
            own = [drawn.get(None, drawn.get(True, {})) for drawn in agents]
            played = [one for one in own if "blind" in one]
            if not played:
                continue
            seeing, blind = (
                [one["mean"] for one in played],
                [one["blind"]["mean"] for one in played],
            )
            rows.append(
                (
                    *(words.algorithm_text(algorithm), game, arm, str(len(played))),
                    mean_text([one["information"]["nats"] for one in played]),
                    *(mean_text(seeing), mean_text(blind), change_text(seeing, blind)),
                )
            )
    columns = (
        *("algorithm", "game", "arm", "agents", "information, nats"),
        *("return", "return, blind", "difference (95 %)"),
    )
    return table(columns, rows, left=3) if rows else ""
