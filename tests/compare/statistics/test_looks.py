import numpy as np
import pytest

from coordrl.compare.statistics.looks import (
    Design,
    Evidence,
    Look,
    predictive_probability,
    state_of,
    take_look,
)
from coordrl.compare.statistics.sequential import nominal_levels
from coordrl.compare.statistics.simulated_looks import claims
from coordrl.compare.statistics.two_arms import Difference

DESIGN = Design((6, 8, 10), family=2)
CLEAR = Evidence(2 / 924, 1.0, Difference(3.0, 0.5, 10), margin=0.5)
SAME = Evidence(0.9, 0.0005, Difference(0.05, 0.1, 10), margin=1.0)
HOPELESS = Evidence(0.9, 0.7, Difference(0.02, 0.5, 10), margin=0.3)
OPEN = Evidence(0.02, 0.9, Difference(1.4, 0.5, 10), margin=0.5)


def states(courses):
    return [state_of(course) for course in courses]


def test_each_comparison_stops_for_its_own_reason():
    design = Design((6, 8, 10), family=4)
    uninformative = Evidence(0.9, 0.9, Difference(0.0, 0.5, 10), 0.5, informative=False)
    courses = take_look(design, [()] * 4, [CLEAR, HOPELESS, OPEN, uninformative])
    assert states(courses) == ["different", "futile", "live", "uninformative"]
    courses = take_look(design, courses, [None, None, OPEN, None])
    assert [len(course) for course in courses] == [1, 1, 2, 1]
    courses = take_look(design, courses, [None, None, OPEN, None])
    assert states(courses)[2] == "undecided"


def test_equivalence_stops_too():
    courses = take_look(Design((8, 10), 1), [()], [SAME])
    assert states(courses) == ["equivalent"]
    # Not where no difference could have been significant.
    assert states(take_look(Design((3, 10), 1), [()], [SAME])) == ["live"]


def test_with_few_seeds_nothing_is_given_up_and_on_demand_never():
    assert states(take_look(Design((5, 10), 1), [()], [HOPELESS])) == ["live"]
    assert states(take_look(Design((6, 10), 1, futility=None), [()], [HOPELESS])) == ["live"]


def test_a_comparison_without_runs_goes_on_and_counts_as_one():
    courses = take_look(DESIGN, [(), ()], [CLEAR, None])
    assert states(courses) == ["different", "live"]
    assert courses[1][0].p_value is None
    assert courses[1][0].p_sequential == 1.0
    assert courses[0][0].p_holm == pytest.approx(2 * courses[0][0].p_sequential)


def test_what_has_stopped_is_frozen():
    first = take_look(DESIGN, [(), ()], [CLEAR, OPEN])
    again = take_look(DESIGN, first, [HOPELESS, OPEN])
    assert again[0] == first[0]
    assert again[1][0] == first[1][0]


@pytest.mark.parametrize(("state", "claimed"), [("futile", True), ("uninformative", False)])
def test_what_others_leave_of_the_level_counts_when_all_have_stopped(state, claimed):
    given_up, clear = (
        Look(
            p_value=p,
            p_rounded=p,
            p_sequential=p,
            p_holm=2 * p,
            p_equivalence=None,
            p_equivalence_sequential=1.0,
            state=its_state,
        )
        for p, its_state in ((0.04, state), (0.001, "different"))
    )
    assert claims(DESIGN, [(given_up,), (clear,)]) == [claimed, True]


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize(("value", "margin"), [(0.3, 0.2), (0.9, 0.2), (0.1, 1.5), (1.5, 2.5)])
def test_predictive_probability_is_a_share_of_futures(value, margin, pairs):
    design = Design((8, 16), family=3, pairs=pairs)
    found = Evidence(0.2, 0.5, Difference(value, 0.5, 14), margin)
    rng = np.random.default_rng(0)
    df, final_df = (7, 15) if pairs else (14, 30)
    final = 0.5 * 0.5**0.5
    d = value + 0.5 * 0.5**0.5 * rng.standard_t(df, 400_000)
    level = nominal_levels((8, 16), 0.05 / 3, pairs=pairs)[-1]
    quantiles = np.sort(rng.standard_t(final_df, 4_000_000))
    critical = -quantiles[int(level / 2 * len(quantiles))] * final
    share = 1 - 0.5**3
    room = margin + quantiles[int(share * 0.05 / 3 * len(quantiles))] * final
    expected = np.mean(np.abs(d) > critical) + (np.mean(np.abs(d) < room) if room > 0 else 0)
    found_ = predictive_probability(design, 0, found, 0, 0)
    assert found_ == pytest.approx(min(1.0, expected), abs=0.01)
    assert predictive_probability(design, 0, Evidence(1.0, None, None, 1.0), 0, 0) is None
