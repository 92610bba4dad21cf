import numpy as np
import pytest
from scipy import stats

from benchmarks import sequential, simulations
from benchmarks.simulations import SHAPES
from coordrl.compare.comparing.analysis import compare, follow_study
from coordrl.compare.reading.runs import GAMES, Declaration, Run, RunKey, Sequential, Study
from coordrl.compare.statistics.curves import Score
from coordrl.compare.statistics.looks import Design
from coordrl.compare.statistics.permutation import permutation_p_values
from coordrl.compare.statistics.sequential import default_looks
from coordrl.compare.statistics.simulated_looks import follow_scores, summary

SEEDS = simulations.SEEDS
STUDIES = 1_000
# A method that keeps what it promises fails one of these bounds in ten thousand cells.
_RARE = 1e-4

every_shape = pytest.mark.parametrize("shape", simulations.SHAPES)
every_number_of_seeds = pytest.mark.parametrize("seeds", SEEDS)


def at_most(rate, trials):
    """Return the largest share of so many trials that a true rate can explain."""
    return stats.binom.isf(_RARE, trials, rate) / trials


def at_least(rate, trials):
    return stats.binom.ppf(_RARE, trials, rate) / trials


def run_that_scores(score, key, random=None):
    """Return a run of one timestep, one game and so one point of a curve."""
    return Run(
        name="/".join(map(str, key)),
        key=key,
        n_timesteps=1,
        protocol=None,
        parameters=None,
        reference_scores=None if random is None else {"random": random},
        timing=None,
        provenance={},
        points=GAMES,
        timesteps=np.array([1]),
        returns=np.array([score]),
        wall_seconds=None,
        score=Score(mean=score, games=1, window_start=1),
        notes=(),
    )


def whole_study(scores, random=None, **declared):
    """Return a study of runs with scores of shape (algorithms, arms, seeds)."""
    runs = tuple(
        run_that_scores(
            float(scores[i]), RunKey("Pong", "algo"[: i[0] + 1], f"arm{i[1]}", i[2]), random
        )
        for i in np.ndindex(scores.shape)
    )
    plan = Declaration(name="simulated", baseline="arm0", **declared)
    return Study(plan, tuple(run.key for run in runs), runs, missing=())


def whole_comparison(scores, margin):
    """Return the verdicts of `compare` on runs with scores of shape (algorithms, arms, seeds)."""
    found = compare(whole_study(scores, margin=margin))
    return [contrast.verdict for _, contrast in found.contrasts()]


@pytest.mark.parametrize("seeds", [5, 8])
def test_simulated_verdicts_are_those_of_whole_comparisons(seeds):
    generator = np.random.default_rng(seeds)
    scores = 5 + generator.normal(size=(15, 2, 3, seeds))
    scores[:, 0, 1] += 3
    found = simulations.verdicts(scores)
    expected = np.array([whole_comparison(study, 0.1) for study in scores])
    expected[expected == "equivalent"] = "inconclusive"
    assert found.tolist() == expected.tolist()
    assert {"better", "inconclusive"} <= set(found.flat)


@pytest.mark.slow
@every_number_of_seeds
@every_shape
def test_verdicts_are_rarely_false(shape, seeds):
    assert simulations.false_verdicts(shape, seeds, STUDIES) <= at_most(0.05, STUDIES)


@pytest.mark.slow
def test_without_correction_they_would_be_false_too_often():
    # What the bound above is worth: tests that are right one by one do not meet it.
    x, y = np.random.default_rng(0).normal(size=(2, STUDIES * 4, 8))
    p_values = permutation_p_values(x, y).reshape(STUDIES, 4)
    assert np.mean((p_values <= 0.05).any(axis=1)) > at_most(0.05, STUDIES)


@pytest.mark.slow
@every_shape
def test_eight_seeds_find_two_standard_deviations(shape):
    assert simulations.power(shape, 8, STUDIES) >= at_least(0.8, STUDIES)


@pytest.mark.slow
@pytest.mark.parametrize("shape", sorted(simulations.SHAPES.keys() - {"failing"}))
def test_eight_seeds_find_them_in_one_of_four_arms(shape):
    assert simulations.power_among_four(shape, 8, STUDIES) >= at_least(0.8, STUDIES)


@pytest.mark.slow
@every_number_of_seeds
@every_shape
def test_intervals_of_differences_cover(shape, seeds):
    covered = simulations.difference_coverage(shape, seeds, STUDIES)
    assert covered >= at_least(0.93, 2 * STUDIES)


@pytest.mark.slow
@every_number_of_seeds
@pytest.mark.parametrize("shape", ["normal", "heavy-tailed"])
def test_intervals_of_means_cover_where_scores_are_symmetric(shape, seeds):
    covered = simulations.mean_coverage(shape, seeds, STUDIES)
    assert covered >= at_least(0.94, 50 * STUDIES)


@pytest.mark.slow
@every_number_of_seeds
def test_intervals_of_mean_differences_over_games_cover(seeds):
    covered = simulations.games_coverage(6)("mean diff.", seeds, STUDIES)
    assert covered >= at_least(0.93, STUDIES // 4)


def a_study_of_looks(shape, family, studies, **design):
    looks = default_looks(16, family, pairs=design.get("pairs", False))
    scores = SHAPES[shape](np.random.default_rng(family), (studies, 1, 1 + family, 16))
    return Design(looks, family, **design), scores


@pytest.mark.parametrize(
    ("pairs", "random", "states"),
    [
        (False, None, {"different", "futile"}),
        (True, None, {"different", "futile"}),
        (False, 0.0, {"different", "futile", "uninformative"}),
    ],
)
def test_simulated_looks_are_those_of_whole_studies(pairs, random, states):
    looks = (6, 8, 10)
    scores = np.random.default_rng(1).normal(size=(10, 2, 3, 10))
    scores[:, 1] += 0.6
    scores[:, 1, 1] += 1.8
    design = Design(looks, family=4, pairs=pairs)
    simulated = follow_scores(design, scores, 0.0, random)
    declared = Sequential(looks, tuple(range(10)), design.futility)
    found = [
        follow_study(whole_study(study, random, margin=0.0, paired=pairs, sequential=declared))
        for study in scores
    ]
    for courses, following in zip(simulated, found, strict=True):
        real = list(following.courses.values())
        assert [[look.state for look in c] for c in courses] == [
            [look.state for look in c] for c in real
        ]
        for mine, its in zip(courses, real, strict=True):
            assert mine[-1].p_holm == pytest.approx(its[-1].p_holm)
            assert mine[-1].predictive == pytest.approx(its[-1].predictive)
        [summed] = {summary(design, 2, 0.0, [courses]).power}
        claims = [c.verdict in ("better", "worse") for c in following.found.values()]
        assert summed == np.mean(claims)
    assert states <= {course[-1].state for study in simulated for course in study}


@pytest.mark.slow
@every_shape
@pytest.mark.parametrize("family", [1, 3, 6])
@pytest.mark.parametrize("pairs", [False, True])
def test_sequential_studies_are_rarely_wrong(shape, family, pairs):
    design, scores = a_study_of_looks(shape, family, STUDIES, pairs=pairs, futility=None)
    found = summary(design, 1, 0.0, follow_scores(design, scores, margin=0.0))
    assert found.seeds == pytest.approx(16, abs=0.5)  # next to all looks are taken
    assert found.any_found <= at_most(0.05, STUDIES)


@pytest.mark.slow
@pytest.mark.parametrize("level", sequential.LEVELS)
def test_stops_of_uninformative_games_and_futile_comparisons_raise_no_alarm(level):
    assert sequential.uninformative(level, 0.0, STUDIES)["false"] <= at_most(0.05, STUDIES)
    found = sequential.uninformative(level, 2.0, STUDIES // 4)
    assert found["false"] <= at_most(0.05, STUDIES // 4)
    assert found["power"] > 0.98


@pytest.mark.slow
@pytest.mark.parametrize(("family", "seeds"), [(1, 7.9), (3, 8.4), (6, 8.9)])
def test_sequential_studies_find_clear_effects_with_half_the_seeds(family, seeds):
    design, scores = a_study_of_looks("normal", family, 300)
    scores[:, :, 1:] += 2
    found = summary(design, 1, 2.0, follow_scores(design, scores, margin=0.5))
    assert found.power >= 0.98
    assert found.seeds == pytest.approx(seeds, abs=0.4)


def test_looks_taken_too_freely_would_be_wrong_too_often():
    # What the bounds above are worth: the fixed test at every look.
    scores = np.random.default_rng(0).normal(size=(2, STUDIES, 10))
    looks = [permutation_p_values(*scores[:, :, :n]) <= 0.05 for n in (4, 5, 6, 7, 8, 9, 10)]
    assert np.mean(np.any(looks, axis=0)) > at_most(0.05, STUDIES)
