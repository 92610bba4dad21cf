from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.page.caveats import caveats


def test_a_small_study_is_told_so(study):
    scores = {("Pong", "a2c", arm): [1.0, 2.0] for arm in ("standard", "coord")}
    length, seeds, power, _ = caveats(compare(read_study(study(scores))))
    assert length.startswith("The runs last 10,000 timesteps, 0.1 % of the 10,000,000")
    assert seeds.startswith("Every arm has 2 seeds per game and algorithm.")
    assert power.startswith("For 1 of 1 comparisons even the most extreme scores")
    assert power.endswith("From 4 seeds per arm on they could.")


def test_a_long_one_with_seeds_enough_is_not(tmp_path, write_run):
    late = "timestep,wall_seconds,env,return,length\n9500000,2,0,{},100\n"
    for arm in ("standard", "coord"):
        for seed in range(4):
            write_run(tmp_path, "Pong", "a2c", arm, seed, 0.0, n_timesteps=10_000_000,
                      episodes=late.format(seed))  # fmt: skip
    lines = caveats(compare(read_study(tmp_path)))
    assert [line.split()[0] for line in lines] == ["Every", "“Inconclusive”"]
