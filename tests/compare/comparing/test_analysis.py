import pytest
from scipy import stats

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.json_file import plain


def compared(folder, baseline=None):
    return compare(read_study(folder), baseline)


def only(comparison):
    ((_, found),) = comparison.contrasts()
    return found


def test_every_verdict(verdict_study):
    found = {group.game: c for group, c in compared(verdict_study).contrasts()}
    assert {game: c.verdict for game, c in found.items()} == {
        "Better": "better",
        "Worse": "worse",
        "Negligible": "negligible",
        "Equivalent": "equivalent",
        "Inconclusive": "inconclusive",
        "Uninformative": "uninformative",
    }
    assert {game: c.seeds_needed is not None for game, c in found.items()} == {
        game: game == "Inconclusive" for game in found
    }


def test_the_numbers_of_a_contrast(study):
    standard, coord = [1.0, 2.5, 3.0, 4.0, 2.0], [6.0, 5.0, 9.0, 7.5, 8.0]
    folder = study({("Pong", "a2c", "standard"): standard, ("Pong", "a2c", "coord"): coord})
    comparison = compared(folder)
    found = only(comparison)
    t = stats.ttest_ind(coord, standard, equal_var=False)
    assert found.difference == pytest.approx(4.6)
    assert found.p_value == found.p_holm == pytest.approx(2 / 252)
    assert found.interval.low > found.margin
    assert found.p_t == pytest.approx(t.pvalue)
    assert found.interval == pytest.approx(tuple(t.confidence_interval()))
    assert found.margin == pytest.approx(0.1 * (2.5 + 20.7))
    assert found.correlation == pytest.approx(stats.pearsonr(coord, standard).statistic)
    assert (comparison.family, found.seeds) == (1, (5, 5))
    assert comparison.headline == (
        "Pong, A2C: coord scored 4.60 more than standard "
        f"(95 % interval {found.interval.low:+.2f} to {found.interval.high:+.2f}; "
        "p = .008 after correction): better by more than the margin."
    )


def test_another_baseline_than_the_declared_one_is_told(study):
    folder = study({("Pong", "a2c", arm): [1.0, 2.5, 3.0] for arm in ("standard", "coord")})
    assert compared(folder).notes == ()
    assert compared(folder, "coord").notes == (
        "the study declared standard as its baseline: comparisons with coord are others",
    )


def test_the_family_counts_what_has_not_run(study):
    scores = {("Pong", "a2c", "standard"): [1.0] * 5, ("Pong", "a2c", "coord"): [2.0] * 5}
    folder = study(scores)
    names = [f"Pong/a2c/{arm}/seed-{seed}" for arm in ("standard", "coord") for seed in range(5)]
    others = [f"{game}/a2c/{arm}/seed-0" for game in "AB" for arm in ("standard", "coord")]
    folder = study(scores, runs=[*names, *others])
    comparison = compared(folder)
    assert comparison.family == 3
    assert len(comparison.missing) == 4
    assert only(comparison).p_holm == pytest.approx(3 * 2 / 252)


def test_an_arm_without_finished_runs_stays_in_the_table(study, write_run):
    folder = study({("Pong", "a2c", "standard"): [1.0, 2.0], ("Pong", "a2c", "coord"): [2.0]})
    write_run(folder, "Pong", "a2c", "coord", 0, 1.0, status="failed", error="boom")
    comparison = compared(folder)
    found = only(comparison)
    assert (found.verdict, found.p_holm, found.seeds) == (None, None, (0, 2))
    assert "cannot be compared" in comparison.findings[0]
    assert comparison.headline.startswith("No arm can be compared with standard yet")


def test_two_seeds_decide_nothing_and_the_headline_says_so(study):
    games = [("Pong", "a2c"), ("Pong", "ppo")]
    folder = study({(*g, arm): [5.0, 9.0] for g in games for arm in ("standard", "coord")})
    comparison = compared(folder)
    assert comparison.headline == (
        "2 seeds per arm and 2 comparisons: no outcome could have been significant; "
        "this decides nothing."
    )
    assert all(c.p_possible == pytest.approx(2 / 3) for _, c in comparison.contrasts())


def test_missing_seeds_unpaired_and_paired(study):
    scores = {("Pong", "a2c", "standard"): [1.0, 2.0, 3.0], ("Pong", "a2c", "coord"): [5.0, 7.0]}
    unpaired = only(compared(study(scores)))
    assert unpaired.seeds == (2, 3)
    assert unpaired.difference == pytest.approx(4.0)
    assert "the seeds 2; the unpaired test uses all there are" in unpaired.notes[0]
    paired = only(compared(study(scores, comparison={"test": "paired"})))
    assert paired.seeds == (2, 2)
    assert paired.difference == pytest.approx(4.5)
    assert paired.p_value == pytest.approx(0.5)
    assert paired.p_t == pytest.approx(stats.ttest_rel([5.0, 7.0], [1.0, 2.0]).pvalue)
    assert "the seeds 2; the paired test leaves them out" in paired.notes[0]


def test_paired_without_a_common_seed(tmp_path, study, write_run):
    folder = study(
        {("Pong", "a2c", "standard"): [1.0]},
        runs=["Pong/a2c/standard/seed-0", "Pong/a2c/coord/seed-1"],
        comparison={"test": "paired"},
    )
    write_run(folder, "Pong", "a2c", "coord", 1, 2.0)
    assert only(compared(folder)).verdict is None


def test_single_seeds_have_no_interval(study):
    folder = study({("Pong", "a2c", "standard"): [1.0], ("Pong", "a2c", "coord"): [2.0]})
    comparison = compared(folder)
    found = only(comparison)
    assert (found.interval, found.p_t, found.p_equivalence) == (None, None, None)
    assert (found.p_value, found.verdict, found.seeds_needed) == (1.0, "inconclusive", None)
    assert comparison.groups[0].arms[0].interval is None
    assert comparison.headline.startswith("1 seed per arm: no outcome")


def test_a_single_seed_does_not_make_a_game_informative_where_others_can_tell(study):
    scores = {("Pong", "a2c", "standard"): [-20.7, -20.9], ("Pong", "a2c", "coord"): [-20.0]}
    assert only(compared(study(scores))).verdict == "uninformative"


@pytest.mark.parametrize("test", ["unpaired", "paired"])
@pytest.mark.parametrize(
    ("score", "seeds", "p_equivalence", "verdict", "size"),
    [
        (5.0, 8, 0.0, "equivalent", None),
        (6.0, 8, 0.0, "negligible", None),  # the margin is 2.57
        (9.0, 8, 1.0, "better", "beyond the margin"),
        (5.0, 3, 0.0, "inconclusive", None),  # no difference could have been significant
    ],
)
def test_scores_that_do_not_vary(study, test, score, seeds, p_equivalence, verdict, size):
    scores = {("Pong", "a2c", "standard"): [5.0] * seeds, ("Pong", "a2c", "coord"): [score] * seeds}
    found = only(compared(study(scores, comparison={"test": test})))
    difference = pytest.approx(score - 5)
    assert (found.interval.low, found.interval.high) == (difference, difference)
    assert (found.p_t, found.seeds_needed) == (None, None)
    assert (found.p_equivalence, found.verdict, found.size) == (p_equivalence, verdict, size)
    assert any("do not vary" in note for note in found.notes)


def test_a_significant_difference_whose_interval_leaves_the_margin_is_not_negligible(study):
    scores = {
        ("Chess", "a2c", "standard"): [100.0, 101.0, 99.0, 100.0, 100.5],
        ("Chess", "a2c", "coord"): [109.0, 113.0, 106.0, 112.0, 109.0],
    }
    folder = study(scores)
    for run in folder.glob("*/*/*/*/run.json"):
        run.write_text(run.read_text().replace('{"random": -20.7, "human": 14.6}', "null"))
    comparison = compared(folder)
    found = only(comparison)
    assert found.difference < found.margin < found.interval.high
    assert (found.verdict, found.size) == ("better", "open")
    assert comparison.headline.endswith("better, size open.")


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ([-0.3, 0.3, -0.1, 0.1], "scores of both signs"),
        ([-4.0, -5.0, -6.0, -4.5], "scores below 0"),
        ([0.3, 0.2, 0.25, 0.1], None),
    ],
)
def test_a_margin_of_scores_whose_zero_means_nothing_is_noted(tmp_path, write_run, scores, says):
    for arm in ("standard", "coord"):
        for seed, score in enumerate(scores):
            episodes = "timestep,wall_seconds,env,return,length\n"
            episodes += f"9900,1,0,{score},10\n"
            changes = {"reference_scores": None, "episodes": episodes, "score": None}
            write_run(tmp_path, "Chess", "a2c", arm, seed, score, **changes)
    notes = only(compared(tmp_path)).notes
    assert any(says in note for note in notes) if says else notes == ()
    assert any("vanishes" in note for note in notes) == (says == "scores of both signs")


@pytest.mark.parametrize(
    ("reference", "margin"), [(None, 0.4), ({"human": 10.0}, 0.4), ({"random": 14.0}, 0.0)]
)
def test_margin_without_a_random_score_or_below_it(tmp_path, write_run, reference, margin):
    for arm in ("standard", "coord"):
        for seed in range(2):
            write_run(
                tmp_path, "Pong", "a2c", arm, seed, 3.0 + 2 * seed, reference_scores=reference
            )
    assert only(compared(tmp_path)).margin == pytest.approx(margin)


def test_choosing_the_baseline(study):
    scores = {("Pong", "a2c", arm): [1.0, 2.0] for arm in ("coord", "constant")}
    folder = study(scores, comparison={})
    with pytest.raises(CompareError, match="'standard': choose the baseline among coord, constant"):
        compared(folder)
    with pytest.raises(CompareError, match="no arm is called 'foo'"):
        compared(folder, "foo")
    comparison = compared(folder, "constant")
    assert comparison.arms == ("constant", "coord")
    assert [arm.arm for arm in comparison.groups[0].arms] == ["constant", "coord"]
    assert compared(study(scores, comparison={"baseline": "constant"})).baseline == "constant"


def test_a_single_arm_has_curves_but_no_contrast(study):
    comparison = compared(study({("Pong", "a2c", "coord"): [1.0, 2.0]}, comparison={}))
    assert comparison.family == 0
    assert comparison.headline.startswith("Only one arm (coord)")
    assert comparison.groups[0].arms[0].mean == pytest.approx(1.5)


@pytest.mark.parametrize(
    "changes",
    [{"n_timesteps": 10_100}, {"protocol": "sticky"}, {"reference_scores": {"random": 0.0}}],
)
def test_runs_that_are_not_alike(tmp_path, write_run, changes):
    write_run(tmp_path, "Pong", "a2c", "coord", 0, 3.0)
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 3.0, **changes)
    with pytest.raises(CompareError, match=f"{next(iter(changes))}.*compare runs that share it"):
        compared(tmp_path)


def test_a_declared_window_holds_for_scores_and_curves(study):
    scores = {("Pong", "a2c", "standard"): [1.0, 3.0]}
    (arm,) = compared(study(scores, comparison={"window": 0.5})).groups[0].arms
    assert [seed.games for seed in arm.seeds] == [20, 20]
    assert arm.curve.mean[-1] == pytest.approx(arm.mean)
    assert arm.mean < 2.0  # the games before the last tenth were worse


def test_bands_and_cost(study):
    folder = study({("Pong", "a2c", "standard"): [1.0, 3.0], ("Pong", "a2c", "coord"): [2.0]})
    standard, coord = compared(folder).groups[0].arms
    assert standard.interval == pytest.approx((2 - 12.7062, 2 + 12.7062), abs=1e-3)
    assert standard.curve.mean[-1] == pytest.approx(2.0)
    assert standard.curve.upper[-1] == pytest.approx(standard.interval.high)
    assert plain(coord.curve)["lower"] == [None] * 100
    assert standard.timesteps_per_second == 298.5
    assert standard.parameters["extractor"] == 1_684_128


def test_provenance_counts_values(tmp_path, write_run):
    for seed, commit in enumerate(["a", "a", "b"]):
        facts = {"git": {"commit": commit}, "command": ["python", "-m", "agents.train"]}
        write_run(tmp_path, "Pong", "a2c", "standard", seed, 1.0, provenance=facts)
    assert compared(tmp_path).provenance == {
        "git.commit": {"a": 2, "b": 1},
        "command": {"python -m agents.train": 3},
    }
