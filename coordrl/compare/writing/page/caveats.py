"""What the page says beside its numbers: what they cannot tell."""

from coordrl.compare.comparing import words
from coordrl.compare.comparing.results import Comparison
from coordrl.compare.reading.runs import GAMES
from coordrl.compare.statistics.two_arms import ALPHA
from coordrl.compare.writing.points import of_evaluations

#: Timesteps of the published Atari results (RL Zoo, CleanRL): 40 million frames.
PUBLISHED_TIMESTEPS = 10_000_000


def caveats(comparison: Comparison) -> list[str]:
    """Return what keeps a reader from concluding too much from these runs."""
    seeds = [len(arm.seeds) for group in comparison.groups for arm in group.arms]
    most = f"{min(seeds)} to {max(seeds)}" if min(seeds) != max(seeds) else f"{max(seeds)}"
    return [
        *_points(comparison),
        *_length(comparison),
        f"Every arm has {most} {'seed' if max(seeds) == 1 else 'seeds'} per game and algorithm. "
        "The seed is the unit of every test: games of one run share its network and are not "
        "independent.",
        *_looks(comparison),
        *_power(comparison),
        "“Inconclusive” means not known. It does not mean that the arms are equal.",
    ]


def _points(comparison: Comparison) -> list[str]:
    if of_evaluations(comparison.groups):
        return ["Curves and scores are means of games of evaluations, not of those of training."]
    others = {group.points for group in comparison.groups} - {GAMES}
    return [
        f"Some curves and scores are not means of whole games but of {points}."
        for points in sorted(others)
    ]


def _length(comparison: Comparison) -> list[str]:
    # Games with a score of human play are Atari games.
    atari = [group.n_timesteps for group in comparison.groups if group.human_score is not None]
    longest = max(atari, default=PUBLISHED_TIMESTEPS)
    if longest >= PUBLISHED_TIMESTEPS:
        return []
    return [
        f"The runs last {longest:,} timesteps, {100 * longest / PUBLISHED_TIMESTEPS:.2g} % of "
        f"the {PUBLISHED_TIMESTEPS:,} behind published Atari scores: early learning, at best."
    ]


def _looks(comparison: Comparison) -> list[str]:
    result = comparison.sequential
    if result is None:
        return []
    return [
        f"The study has looked {result.taken} of at most {len(result.looks)} times, and used "
        f"{result.needed} of {result.runs} runs. p-values and intervals allow for that; "
        f"differences that stopped their comparison early are exaggerated, most of all at the "
        f"first look."
    ]


def _power(comparison: Comparison) -> list[str]:
    powerless = [c for _, c in comparison.contrasts() if c.p_possible and c.p_possible > ALPHA]
    if not powerless:
        return []
    line = (
        f"For {len(powerless)} of {comparison.family} comparisons even the most extreme scores "
        f"could not have been significant (smallest possible corrected p: "
        f"{words.p_text(min(c.p_possible or 1 for c in powerless))})."
    )
    if comparison.seeds_to_attain is not None:
        line += f" From {comparison.seeds_to_attain} seeds per arm on they could."
    return [line]
