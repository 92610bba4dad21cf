import numpy as np
import pytest
from scipy import stats

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.statistics.many_games import BOOTSTRAP_SEED, REPETITIONS
from coordrl.compare.writing.json_file import plain

RANDOM, HUMAN = -20.7, 14.6
GAMES = {
    "Pong": ([8.0, 9.0, 10.0], [18.0, 17.0, 19.0]),
    "Boxing": ([5.0, 6.0, 7.5], [5.5, 5.0, 7.0]),
    "Tennis": ([3.0, 4.0, 2.0], [-6.0, -4.0, -8.0]),
}


@pytest.fixture
def scores():
    """Return the scores of every game's two arms."""
    return {
        (game, "ppo", arm): values
        for game, both in GAMES.items()
        for arm, values in zip(("standard", "coord"), both, strict=True)
    }


def normalised(scores, arm):
    """Return human-normalised scores, shape (seeds, games)."""
    columns = [values for (_, _, name), values in scores.items() if name == arm]
    return (np.array(columns).T - RANDOM) / (HUMAN - RANDOM)


def aggregate_of(folder):
    (found,) = compare(read_study(folder)).aggregates
    return found


def test_one_game_has_no_aggregate(study):
    scores = {
        ("Pong", algo, arm): [1.0, 2.0] for algo in ("a2c", "ppo") for arm in ("standard", "b")
    }
    assert compare(read_study(study(scores))).aggregates == ()


def test_human_normalised_scores(study, scores):
    found = aggregate_of(study(scores))
    assert (found.algorithm, found.games, found.left_out) == ("ppo", tuple(GAMES), ())
    assert (found.repetitions, found.seed) == (REPETITIONS, BOOTSTRAP_SEED)
    for arm in found.arms:
        matrix = normalised(scores, arm.arm)
        assert arm.mean.value == pytest.approx(matrix.mean())
        assert arm.median.value == pytest.approx(np.median(matrix.mean(axis=0)))
        assert arm.iqm.value == pytest.approx(stats.trim_mean(matrix, 0.25, axis=None))
        assert arm.optimality_gap.value == pytest.approx(np.maximum(0, 1 - matrix).mean())
        for estimate in (arm.mean, arm.median, arm.iqm, arm.optimality_gap):
            low, high = estimate.interval
            assert low < estimate.value < high
        shares = [(matrix > tau).mean() for tau in found.tau]
        assert arm.profile.values.tolist() == pytest.approx(shares)
        assert (arm.profile.lower <= arm.profile.values + 1e-12).all()
        assert (arm.profile.values <= arm.profile.upper + 1e-12).all()
    assert found.tau.tolist() == sorted(found.tau)
    assert [arm.arm for arm in found.arms] == ["standard", "coord"]


def test_contrasts(study, scores):
    (contrast,) = aggregate_of(study(scores)).contrasts
    x, y = normalised(scores, "coord"), normalised(scores, "standard")
    wins = [
        (a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean()
        for a, b in zip(x.T, y.T, strict=True)
    ]
    assert contrast.probability_of_improvement.value == pytest.approx(np.mean(wins))
    assert contrast.mean_difference.value == pytest.approx(x.mean() - y.mean())
    low, high = contrast.mean_difference.interval
    assert (low + high) / 2 == pytest.approx(x.mean() - y.mean())
    iqms = [stats.trim_mean(matrix, 0.25, axis=None) for matrix in (x, y)]
    assert contrast.iqm_difference.value == pytest.approx(iqms[0] - iqms[1])
    # Margins are about 3 points: Boxing is a tie. Three seeds cannot be significant.
    assert (contrast.wins, contrast.ties, contrast.losses) == (1, 1, 1)
    assert (contrast.better, contrast.worse, contrast.games) == (0, 0, 3)
    assert contrast.summary == "better in 1 of 3 games, worse in 1"


def test_verdicts_are_counted_and_no_arm_wins_an_uninformative_game(verdict_study):
    (contrast,) = aggregate_of(verdict_study).contrasts
    assert (contrast.better, contrast.worse, contrast.games) == (1, 1, 6)
    assert (contrast.wins, contrast.ties, contrast.losses) == (1, 4, 1)


def test_ranks(study, scores):
    ranks = [arm.rank for arm in aggregate_of(study(scores)).arms]
    assert [rank.value for rank in ranks] == pytest.approx([4 / 3, 5 / 3])
    assert all(rank.interval.low <= rank.value <= rank.interval.high for rank in ranks)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (None, "no random score is known"),
        ({"random": 1.0}, "no human score is known"),
        ({"random": 1.0, "human": 1.0}, "the human score is not above the random one"),
    ],
)
def test_without_human_scores(study, scores, write_run, reference, reason):
    folder = study(scores)
    for (game, algorithm, arm), values in scores.items():
        for seed, score in enumerate(values):
            write_run(folder, game, algorithm, arm, seed, score, reference_scores=reference)
    found = aggregate_of(folder)
    assert found.games == ()
    assert dict(found.left_out) == dict.fromkeys(GAMES, reason)
    assert all(arm.iqm is None and arm.profile is None and arm.rank for arm in found.arms)
    (contrast,) = found.contrasts
    assert contrast.iqm_difference is None
    assert contrast.mean_difference is None
    assert contrast.probability_of_improvement is not None
    assert plain(found)["tau"] == []


def test_games_without_all_arms_and_unequal_seeds(study, scores):
    scores |= {("Pong", "ppo", "constant"): [1.0, 2.0], ("Boxing", "ppo", "constant"): [3.0, 4.0]}
    found = aggregate_of(study(scores))
    assert found.games == ("Pong", "Boxing")
    assert found.left_out == (("Tennis", "no finished run of constant"),)
    assert [contrast.games for contrast in found.contrasts] == [3, 2]
    assert any("differ in seeds (2 to 3)" in note for note in found.notes)


def test_an_algorithm_without_runs_of_the_baseline_has_no_contrasts(study):
    scores = {(game, "ppo", "coord"): [1.0, 2.0] for game in GAMES}
    names = [
        f"{game}/ppo/{arm}/seed-{k}"
        for game in GAMES
        for arm in ("standard", "coord")
        for k in (0, 1)
    ]
    found = aggregate_of(study(scores, runs=names))
    assert [arm.arm for arm in found.arms] == ["coord"]
    assert found.contrasts == ()
    assert found.arms[0].rank.value == 1


def test_the_same_runs_give_the_same_intervals(study, scores):
    folder = study(scores)
    assert plain(aggregate_of(folder)) == plain(aggregate_of(folder))
