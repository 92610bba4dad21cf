"""The table, the comparisons, and what they say of the paper's claim."""

from collections.abc import Sequence

from coordrl.compare.statistics.families import Comparison, Samples, compare
from paper.imagenet.fashion import PLACES
from paper.imagenet.networks import ARMS
from paper.study import Run, Table

MEASURES = ("accuracy", "loss")
CONTROL, COORDCONV = "conv8", "coordconv8"
TABLE = Table(
    {"place": PLACES, "epochs": None, "arm": ARMS}, MEASURES, (CONTROL, COORDCONV), digits=4
)
MARGIN = 0.005
"""Half a percent of the test images: the smallest difference that matters."""
RULE = (
    "Written before the trainings were run. The outcome is the accuracy on the 10,000 test "
    "images. For images in the middle and for images anywhere, the ten seeds with coordinates "
    "(coordconv8) are compared with the ten of the control (conv8) by the exact unpaired "
    "permutation test and by two one-sided tests for equivalence, both with Holm's correction "
    "for the two; a difference matters from .005, half a percent of the images. That coordinates "
    "neither help nor hurt holds here if both are shown to differ by less than that (equivalent, "
    "or negligible); it does not hold here if either is better or worse; undecided otherwise. "
    "ImageNet itself stays untested."
)


def comparisons(runs: Sequence[Run]) -> list[Comparison]:
    """Compare coordinates with the control, for both places."""
    family = []
    for place in PLACES:
        control = TABLE.scores(runs, place=place, arm=CONTROL)
        coordconv = TABLE.scores(runs, place=place, arm=COORDCONV)
        if min(len(control), len(coordconv)) > 1:
            family.append(Samples(place, control, coordconv, MARGIN))
    return compare(family) if family else []


def claim(found: Sequence[Comparison]) -> str:
    """Return the verdict on the claim, as the rule has it."""
    verdicts = [one.verdict for one in found]
    if "better" in verdicts or "worse" in verdicts:
        return "does not hold here"
    decided = all(one in ("equivalent", "negligible") for one in verdicts)
    return "holds here" if decided and len(verdicts) == len(PLACES) else "undecided"


def answer(claimed: str) -> str:
    """Answer the page's question in a sentence."""
    return (
        "The paper reports .04 % more top-5 accuracy on ImageNet, not significant, and concludes "
        "that coordinates do not hurt. That they neither help nor hurt, on photographs of clothes "
        f"and by the rule below: {claimed}."
    )
