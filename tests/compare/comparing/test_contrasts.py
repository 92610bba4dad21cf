import pytest

from coordrl.compare.comparing.contrasts import Effect, effect
from coordrl.compare.comparing.results import Contrast
from coordrl.compare.statistics.two_arms import Interval


@pytest.mark.parametrize(
    ("verdict", "significant"),
    [("better", True), ("worse", True), ("negligible", True), ("equivalent", False)],
)
def test_in_units_of_the_margin(verdict, significant):
    contrast = Contrast(
        arm="coord",
        seeds=(5, 5),
        difference=3.0,
        interval=Interval(-1.0, 7.0),
        margin=2.0,
        verdict=verdict,
    )
    assert effect(contrast) == Effect(1.5, Interval(-0.5, 3.5), significant)


@pytest.mark.parametrize(
    "changes",
    [{"margin": 0.0}, {"difference": None}, {"verdict": "uninformative"}],
    ids=["baseline not above random", "no runs", "uninformative"],
)
def test_without_a_margin_that_means_something(changes):
    values = {"difference": 3.0, "margin": 2.0, "verdict": "inconclusive"} | changes
    assert effect(Contrast(arm="coord", seeds=(5, 5), **values)) is None
