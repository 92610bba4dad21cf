"""Numbers and findings in words, the same in the report and on the terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from coordrl.compare.comparing.aggregates import Aggregate, AggregateContrast, Estimate
from coordrl.compare.comparing.results import Contrast, Group, Reach, SequentialResult
from coordrl.compare.reading.runs import UNSTATED, Outcome
from coordrl.compare.statistics.looks import State
from coordrl.compare.statistics.two_arms import ALPHA, MOST_SEEDS, Interval, Verdict

#: Where a number is undefined.
NONE = "\N{EN DASH}"


def number_text(value: float | None, *, sign: bool = False) -> str:
    """Return a number of a game's points with the digits that matter.

    >>> number_text(-20.3071), number_text(31672.4), number_text(0.0512, sign=True)
    ('−20.31', '31,672', '+0.051')
    """
    if value is None:
        return NONE
    size = abs(value)
    if size < 0.0005:
        return "0.00"
    if size >= 1000:
        text = f"{size:,.0f}"
    elif size >= 100:
        text = f"{size:.1f}"
    elif size >= 0.1:
        text = f"{size:.2f}"
    else:
        text = f"{size:.2g}"
    if value < 0:
        return f"\N{MINUS SIGN}{text}"
    return f"+{text}" if sign and value > 0 else text


def p_text(p: float | None) -> str:
    """Return a p-value.

    >>> p_text(0.0079365), p_text(1 / 3), p_text(1e-5)
    ('.008', '.33', '< .001')
    """
    if p is None:
        return NONE
    if p < 0.001:
        return "< .001"
    text = f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return text.removeprefix("0") if p < 1 else "1"


#: What a comparison is about, in words and as the head of a column.
OUTCOMES: dict[Outcome, str] = {"score": "score", "sample_efficiency": "mean of the curve"}


def interval_text(interval: Interval | None) -> str:
    """Return the ends of an interval of a difference."""
    if interval is None:
        return NONE
    return f"{number_text(interval.low, sign=True)} to {number_text(interval.high, sign=True)}"


def plus_minus(mean: float, interval: Interval | None) -> str:
    """Return a mean with half of its interval, where it has one."""
    if interval is None:
        return number_text(mean)
    return f"{number_text(mean)} ± {number_text((interval.high - interval.low) / 2)}"


def verdict_text(contrast: Contrast | None) -> str:
    """Return a verdict in a few words, for the cell of a table; None is the baseline."""
    if contrast is None:
        return "baseline"
    if contrast.verdict is None and contrast.looks:
        return f"goes on after {look_text(contrast)}"
    looks = f" ({look_text(contrast)})" if contrast.looks else ""
    return _verdict(contrast) + looks


def _verdict(contrast: Contrast) -> str:
    if contrast.seeds_needed is not None:
        return f"{contrast.verdict} (a new study needs {seeds_text(contrast)} seeds)"
    return finding_text(contrast)


def finding_text(contrast: Contrast) -> str:
    """Return a verdict and the size of what was found."""
    joint = {"": "", "size open": ", "}.get(size_text(contrast), " ")
    return (contrast.verdict or "no runs") + joint + size_text(contrast)


def short_verdict(contrast: Contrast | None) -> str:
    """Return a verdict for the narrow column of a terminal."""
    if contrast is None or not (contrast.size or contrast.looks):
        return verdict_text(contrast)
    size = {"beyond the margin": ", > margin", "open": ", size open"}.get(contrast.size or "", "")
    verdict = contrast.verdict + size if contrast.verdict and size else _verdict(contrast)
    if contrast.verdict is None:
        verdict = "goes on"
    return f"{verdict} at {contrast.look_seeds} seeds" if contrast.looks else verdict


def look_text(contrast: Contrast) -> str:
    """Say at which look a comparison stands or stopped, and why if without a finding."""
    look = contrast.looks[-1]
    reason = ""
    if look.state == "futile":
        reason = f": futile, with a chance of {p_text(look.predictive)} of finding more"
    return f"look {len(contrast.looks)}, {look.planned} seeds{reason}".replace("of <", "below")


def state_text(state: State) -> str:
    """Say how a comparison stands after a look."""
    return {
        "live": "goes on",
        "different": "stops: different",
        "equivalent": "stops: equivalent",
        "futile": "stops: futile",
        "uninformative": "stops: no arm beats random play",
        "undecided": "last look: undecided",
    }[state]


def size_text(contrast: Contrast) -> str:
    """Say how large the difference of a better or worse arm is shown to be; "" for others."""
    sizes = {"beyond the margin": "by more than the margin", "open": "size open"}
    return "" if contrast.size is None else sizes[contrast.size]


def seeds_text(contrast: Contrast) -> str:
    """Return the seeds per arm with which a new study would decide, for an inconclusive verdict."""
    if contrast.verdict != "inconclusive" or not contrast.margin or not contrast.sd:
        return NONE
    if contrast.seeds_needed is None:
        return f"> {MOST_SEEDS:,}"
    return f"{contrast.seeds_needed:,}"


def estimate_text(estimate: Estimate | None, *, sign: bool = False) -> str:
    """Return an estimate and the ends of its interval.

    >>> estimate_text(Estimate(value=0.62, interval=Interval(0.5, 0.744)))
    '0.62 (0.50 to 0.74)'
    """
    if estimate is None:
        return NONE
    value = number_text(estimate.value, sign=sign)
    if estimate.interval is None:
        return value
    low, high = (number_text(end, sign=sign) for end in estimate.interval)
    return f"{value} ({low} to {high})"


def algorithm_text(algorithm: str) -> str:
    """Return an algorithm's name; runs of other tools may not state it."""
    return "" if algorithm == UNSTATED else algorithm.upper()


def count_text(value: float | None) -> str:
    """Return a whole number, or what is nearly one."""
    return NONE if value is None else f"{value:,.0f}"


def reach_text(reach: Reach) -> str:
    """Return the timesteps to a threshold, and how many seeds got there where not all did."""
    seeds = len(reach.timesteps)
    reached = "" if reach.reached == seeds else f" ({reach.reached}/{seeds})"
    return count_text(reach.median) + reached


def duration_text(seconds: float | None) -> str:
    """Return a time for people.

    >>> duration_text(59.6), duration_text(3725), duration_text(1_000_000)
    ('1 min 00 s', '1 h 02 min', '277 h')
    """
    if seconds is None:
        return NONE
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 100:
        return f"{hours:,} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def overall(aggregates: Sequence[Aggregate], baseline: str) -> list[str]:
    """Return what holds over the games, in a sentence for each algorithm and arm."""
    return [
        f"{algorithm_text(aggregate.algorithm)}: {_over_games(contrast, baseline)}.".lstrip(": ")
        for aggregate in aggregates
        for contrast in aggregate.contrasts
    ]


def _over_games(contrast: AggregateContrast, baseline: str) -> str:
    sentence = (
        f"{contrast.arm} scores higher than {baseline} by more than the margin in "
        f"{contrast.wins} of {contrast.games} games, lower in {contrast.losses}"
    )
    improvement = contrast.probability_of_improvement
    if improvement is None:
        return sentence
    return (
        f"{sentence}; a run of it beats one of {baseline} with probability "
        f"{estimate_text(improvement)}"
    )


def finding(group: Group, contrast: Contrast, baseline: str) -> str:
    """Return a contrast as a sentence."""
    if contrast.difference is None or (contrast.verdict is None and not contrast.looks):
        return f"{group.title}: {contrast.arm} cannot be compared with {baseline}: no finished run"
    word = "more" if contrast.difference >= 0 else "less"
    verb = "scored" if contrast.secondary is None else "over its whole run averaged"
    difference = f"{verb} {number_text(abs(contrast.difference))} {word} than {baseline}"
    interval = "no interval"
    if contrast.interval is not None:
        interval = f"95 % interval {interval_text(contrast.interval)}"
    corrected, stopped = "after correction", ""
    if contrast.looks:
        interval = interval.replace("95 %", "95 % repeated")
        corrected = "after correction for looks and comparisons"
        if contrast.verdict is not None:
            stopped = f" (stopped at {look_text(contrast)})"
    return (
        f"{group.title}: {contrast.arm} {difference} ({interval}; "
        f"p = {p_text(contrast.p_holm)} {corrected}): {_conclusion(contrast)}{stopped}"
    ).replace("p = <", "p <")


def _conclusion(contrast: Contrast) -> str:
    if contrast.verdict == "uninformative":
        return "uninformative, as no arm is shown to beat random play"
    if contrast.seeds_needed is not None:
        return (
            f"inconclusive; a new study with about {contrast.seeds_needed:,} seeds per arm would "
            f"find a difference as large as the margin of {number_text(contrast.margin)}"
        )
    return _verdict(contrast) if contrast.verdict else verdict_text(contrast)


def headline(
    contrasts: list[Contrast],
    findings: list[str],
    baseline: str,
    family: int,
    sequential: SequentialResult | None = None,
) -> str:
    """Return what was found, and how surely, in a sentence."""
    if family == 0:
        return f"Only one arm ({baseline}): learning curves, but nothing to compare them with."
    done = [contrast for contrast in contrasts if contrast.verdict is not None]
    if sequential is not None and (sequential.live or not done):
        return _going_on(done, baseline, family, sequential)
    if not done:
        return (
            f"No arm can be compared with {baseline} yet: no game and algorithm has finished "
            f"runs of both."
        )
    if all(c.p_possible is not None and c.p_possible > ALPHA for c in done):
        return _powerless(done, family)
    if len(done) == 1 == family:
        return f"{findings[0]}."
    missing = f", {family - len(done)} missing" if len(done) < family else ""
    looks = ""
    if sequential is not None:
        taken, runs = sequential.taken, sequential.runs
        looks = (
            f" and for {len(sequential.looks)} looks, of which {taken} "
            f"{'was' if taken == 1 else 'were'} taken; {sequential.needed} of {runs} runs"
        )
    return (
        f"Of {family} comparisons with {baseline}: {_counted(done)}{missing} "
        f"(95 % confidence, corrected for all {family}{looks})."
    )


def _counted(done: Sequence[Contrast]) -> str:
    counts = Counter(contrast.verdict for contrast in done)
    return ", ".join(f"{counts[name]} {name}" for name in get_args(Verdict) if counts[name])


def _going_on(
    done: Sequence[Contrast], baseline: str, family: int, sequential: SequentialResult
) -> str:
    looks = sequential.looks
    if not sequential.taken:
        return (
            f"No look has been taken yet at the {family} comparisons with {baseline}: the first is "
            f"due when {looks[0]} seeds per arm have ended."
        )
    so_far = f"{_counted(done)}, " if done else ""
    coming = looks[min(sequential.taken, len(looks) - 1)]
    return (
        f"Of {family} comparisons with {baseline}: {so_far}{sequential.live} not decided after "
        f"look {sequential.taken} of {len(looks)} (95 % confidence, corrected for all {family} and "
        f"for all looks); the next is due at {coming} seeds per arm."
    )


def _powerless(done: list[Contrast], family: int) -> str:
    sizes = {size for contrast in done for size in contrast.seeds}
    most = max(sizes)
    count = f"{most}" if len(sizes) == 1 else f"{min(sizes)} to {most}"
    tests = f" and {family} comparisons" if family > 1 else ""
    seeds = f"{count} {'seed' if most == 1 else 'seeds'} per arm{tests}"
    return f"{seeds}: no outcome could have been significant; this decides nothing."
