"""The names under which SB3 and CleanRL log returns."""

from collections.abc import Iterable
from difflib import get_close_matches

from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.runs import GAMES

SB3_RETURN = "rollout/ep_rew_mean"
CLEANRL_RETURN = "charts/episodic_return"


def what_of(tag: str) -> str:
    """Return what the numbers under a tag are."""
    if tag == CLEANRL_RETURN:
        return GAMES
    window = " (a mean over the last games, by default 100)" if tag == SB3_RETURN else ""
    return f"{tag} as logged{window}"


def no_such_tag(name: str, tag: str, tags: Iterable[str]) -> UnusableError:
    """Return the error for a log without a tag; it names the likeliest others."""
    others = sorted(set(tags))
    near = get_close_matches(tag, others, n=3, cutoff=0.4) or others[:3]
    listed = f"; it has {', '.join(near)}" if near else ""
    return UnusableError(f"{name} has no {tag}{listed}")
