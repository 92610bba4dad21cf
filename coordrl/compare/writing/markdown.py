"""The comparison as Markdown, for a paper's appendix or a README."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import coordrl
from coordrl.compare.comparing import words
from coordrl.compare.comparing.aggregates import Aggregate, AggregateContrast
from coordrl.compare.comparing.results import ArmResult, Comparison, Contrast
from coordrl.compare.writing.points import games_meant

_MARKS = {"better": "▲ ", "worse": "▼ "}


def save_markdown(comparison: Comparison, path: Path) -> None:
    """Write the headline, a table of verdicts, what holds over the games and what is missing."""
    declared = comparison.declared
    blocks = [
        f"# {_escape(declared.name)}: every arm against {_escape(comparison.baseline)}",
        f"**{_escape(comparison.headline)}**",
        *([_block(declared.note)] if declared.note else []),
        *result_blocks(comparison),
        f"Made by coordrl {coordrl.__version__}; `report.html` defines every number.",
    ]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def result_blocks(comparison: Comparison) -> list[str]:
    """Return the table of verdicts, what holds over the games and what is missing."""
    return [
        _verdicts(comparison),
        _legend(comparison),
        *_looks(comparison),
        *(
            block
            for aggregate in comparison.aggregates
            for block in _aggregate(aggregate, words.OUTCOMES[comparison.declared.outcome])
        ),
        *_missing(comparison),
    ]


def _legend(comparison: Comparison) -> str:
    declared = comparison.declared
    test = "sign-flip" if declared.paired else "permutation"
    games = games_meant(comparison.groups)
    of_scores = f"mean return of the {games} in the last {100 * declared.window:g} % of a run"
    what = f"Score: {of_scores}"
    if declared.outcome == "sample_efficiency":
        what = f"Mean of the curve: of the returns over the whole run (score: {of_scores})"
    looks = ""
    if comparison.sequential is not None:
        looks = f"for the {len(comparison.sequential.looks)} looks that were declared and "
    family = "1 comparison" if comparison.family == 1 else f"{comparison.family} comparisons"
    seeds = ""
    if any(contrast.seeds_needed is not None for _, contrast in comparison.contrasts()):
        seeds = (
            " Seeds of a new study: per arm, to find a difference as large as the margin with a "
            "chance of 80 %, if seeds differ as they do here."
        )
    return (
        f"{what}, mean over seeds ± half its 95 % t interval. p: {test} test, corrected {looks}by "
        f"Holm's method for {family}; intervals are not corrected. Verdicts: with a margin of "
        f"{100 * declared.margin:g} % of how far {_escape(comparison.baseline)} lies above random "
        f"play in its {words.OUTCOMES[declared.outcome]}.{seeds}"
    )


def _verdicts(comparison: Comparison) -> str:
    outcome = words.OUTCOMES[comparison.declared.outcome]
    header = ("game", "algorithm", "arm", "seeds", outcome, "difference (95 %)", "p", "verdict")
    rows = [
        (group.game, words.algorithm_text(group.algorithm), name, *_arm(arm), *_contrast(contrast))
        for group in comparison.groups
        for name, arm, contrast in group.rows()
    ]
    return table(header, rows, left=3)


def _looks(comparison: Comparison) -> list[str]:
    """Return a table of all looks of a sequential study."""
    if comparison.sequential is None:
        return []
    header = (
        "game",
        "algorithm",
        "arm",
        "seeds per arm",
        "difference",
        "repeated interval",
        "p, one look",
        "p, all looks",
        "p, looks and Holm",
        "chance of more",
        "after it",
    )
    rows = [
        (
            group.game,
            words.algorithm_text(group.algorithm),
            contrast.arm,
            str(look.planned),
            words.number_text(look.difference, sign=True),
            words.interval_text(look.interval),
            *map(words.p_text, (look.p_value, look.p_sequential, look.p_holm, look.predictive)),
            words.state_text(look.state),
        )
        for group, contrast in comparison.contrasts()
        for look in contrast.looks
    ]
    looks = ", ".join(map(str, comparison.sequential.looks))
    return [
        "## Looks",
        table(header, rows, left=3),
        f"Declared: looks at {looks} seeds per arm. The intervals of all looks hold at once; the "
        f"differences of comparisons that stopped early are exaggerated.",
    ]


def _arm(arm: ArmResult | None) -> tuple[str, str]:
    if arm is None:
        return "0", words.NONE
    return str(len(arm.seeds)), words.plus_minus(arm.mean, arm.interval)


def _contrast(contrast: Contrast | None) -> tuple[str, str, str]:
    if contrast is None:
        return "", "", "baseline"
    difference = words.number_text(contrast.difference, sign=True)
    if contrast.interval is not None:
        difference += f" ({words.interval_text(contrast.interval)})"
    mark = _MARKS.get(contrast.verdict or "", "")
    return difference, words.p_text(contrast.p_holm), mark + words.verdict_text(contrast)


def _aggregate(aggregate: Aggregate, outcome: str) -> list[str]:
    contrasts = {contrast.arm: contrast for contrast in aggregate.contrasts}
    rows = [
        (
            arm.arm,
            words.estimate_text(arm.iqm),
            words.estimate_text(arm.rank),
            *_against(contrasts.get(arm.arm)),
        )
        for arm in aggregate.arms
    ]
    header = (
        "arm",
        "human-normalised IQM",
        "mean rank",
        "higher / lower by the margin",
        "P(higher)",
    )
    notes = "".join(f" {_escape(note[0].upper() + note[1:])}." for note in aggregate.notes)
    title = f"{words.algorithm_text(aggregate.algorithm)} over all games".strip()
    return [
        f"## {_escape(title)}",
        table(header, rows, left=1),
        f"Of each run's {outcome}, without a verdict. P(higher): the chance that a run of the arm "
        f"has the higher one in the same game, mean over games. In brackets 95 % intervals by "
        f"stratified bootstrap ({aggregate.repetitions:,} times, seed {aggregate.seed}).{notes}",
    ]


def _against(contrast: AggregateContrast | None) -> tuple[str, str]:
    if contrast is None:
        return "", "baseline"
    games = f"{contrast.wins} / {contrast.losses} of {contrast.games}"
    return games, words.estimate_text(contrast.probability_of_improvement)


def _missing(comparison: Comparison) -> list[str]:
    if not comparison.missing:
        return []
    lines = [f"- {_block(run.name)}: {_escape(run.reason)}" for run in comparison.missing]
    return ["## Missing", "\n".join(lines)]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int) -> str:
    """Return a table of which the first columns are aligned left, the last too."""
    rules = [":--"] * left + ["--:"] * (len(header) - left - 1) + [":--"]
    lines = [header, rules, *([_escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escape(words: str) -> str:
    """Return text that Markdown shows as it is."""
    words = re.sub(r"[\\|*_`<>\[~$#&]", r"\\\g<0>", words)
    return " ".join(words.split())


def _block(words: str) -> str:
    """Return text that begins a block and is shown as it is: no list, no title, no rule."""
    return re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", _escape(words))
