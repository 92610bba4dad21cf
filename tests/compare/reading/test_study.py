import shutil

import numpy as np
import pytest

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.lengths import LENGTHS_NOTE
from coordrl.compare.reading.runs import RunKey
from coordrl.compare.reading.study import Request, read_study

ARM_SEED = "{arm}/seed-{seed}"


def keys_of(study):
    return [run.key for run in study.runs]


@pytest.mark.parametrize(
    ("source", "points"),
    [
        (None, "whole games"),
        ("monitor", "whole games"),
        ("evaluations", "games of evaluations"),
        ("progress", "rollout/ep_rew_mean as logged (a mean over the last games, by default 100)"),
        ("events", "rollout/ep_rew_mean as logged (a mean over the last games, by default 100)"),
    ],
)
def test_logs_of_sb3(sb3_logs, source, points):
    study = read_study(sb3_logs, request=Request(source=source, pattern=ARM_SEED))
    game = "CartPole-v1" if points == "whole games" else "unstated"
    assert keys_of(study) == [
        RunKey(game, "unstated", arm, seed) for arm in ("coord", "standard") for seed in (0, 1)
    ]
    assert {run.points for run in study.runs} == {points}
    assert len({run.n_timesteps for run in study.runs}) == 1
    assert study.missing == ()
    assert LENGTHS_NOTE in study.notes
    assert any(note.startswith(f"the numbers compared are {points}:") for note in study.notes) == (
        points != "whole games"
    )
    comparison = compare(study)
    assert comparison.baseline == "standard"
    assert comparison.groups[0].contrasts[0].difference is not None


def test_a_score_is_the_mean_of_the_last_points(sb3_logs):
    request = Request(source="progress", pattern=ARM_SEED)
    for run in read_study(sb3_logs, request=request).runs:
        last = run.returns[run.timesteps > 0.9 * 1024]
        assert run.score.mean == pytest.approx(last.mean())


def test_the_command_is_kept_for_the_report(sb3_logs):
    request = Request(source="events", pattern=ARM_SEED, tag="eval/mean_reward")
    plan = read_study(sb3_logs / "coord", sb3_logs / "standard", request=request).declared
    options = ("--source", "events", "--pattern", ARM_SEED, "--tag", "eval/mean_reward")
    assert plan.arguments == ("coord", "standard", *options)


def test_a_tag_restricts_the_sources(sb3_logs):
    study = read_study(sb3_logs, request=Request(tag="eval/mean_reward", pattern=ARM_SEED))
    assert {run.points for run in study.runs} == {"eval/mean_reward as logged"}
    with pytest.raises(CompareError, match=r"no run .*: progress\.csv has no eval/x; it has eval/"):
        read_study(sb3_logs, request=Request(tag="eval/x", pattern=ARM_SEED))


def test_zoo_folders_need_no_pattern(zoo_logs):
    study = read_study(zoo_logs("coord"), zoo_logs("standard"))
    assert keys_of(study) == [
        RunKey("CartPole-v1", "ppo", f"zoo-{arm}", 4_000_000_000 + seed)
        for arm in ("coord", "standard")
        for seed in (0, 1)
    ]
    assert [run.name for run in study.runs][:2] == [
        "zoo-coord/ppo/CartPole-v1_1",
        "zoo-coord/ppo/CartPole-v1_2",
    ]
    assert {run.n_timesteps for run in study.runs} == {1000}  # config.yml says so
    assert study.notes == ()
    assert study.declared.name == "zoo-coord + zoo-standard"


def test_a_crashed_zoo_run_is_missing(zoo_logs):
    root = zoo_logs("coord")
    for path in (root / "ppo/CartPole-v1_2").glob("*.monitor.csv"):
        path.write_text("\n".join(path.read_text().splitlines()[:4]) + "\n")
    study = read_study(root)
    assert [run.name for run in study.runs] == ["ppo/CartPole-v1_1"]
    (missing,) = study.missing
    assert missing.reason.startswith("it has no points in the last 10 % of its 1,000 timesteps")


def test_a_pattern_may_choose_zoos_arms(zoo_logs):
    request = Request(pattern="{arm}/CartPole-v1_*")
    (key, _) = keys_of(read_study(zoo_logs("coord"), request=request))
    assert key == RunKey("CartPole-v1", "ppo", "ppo", 4_000_000_000)


def test_cleanrl_folders_need_no_pattern(sb3_logs, tmp_path):
    for exp, arm in (("ppo", "standard"), ("ppo_coord", "coord")):
        for seed in (0, 1):
            folder = tmp_path / "runs" / f"CartPole-v1__{exp}__{seed}__17000000{seed}"
            shutil.copytree(sb3_logs / arm / f"seed-{seed}", folder)
            (folder / "progress.csv").unlink()
            (folder / "evaluations.npz").unlink()
            for path in folder.glob("*.monitor.csv"):
                path.unlink()
    study = read_study(tmp_path / "runs")
    assert keys_of(study)[0] == RunKey("CartPole-v1", "unstated", "ppo", 0)
    assert keys_of(study)[2] == RunKey("CartPole-v1", "unstated", "ppo_coord", 0)


def test_the_pattern_may_name_files(sb3_logs, tmp_path):
    for arm in ("standard", "coord"):
        for k in (0, 1):
            shutil.copy(
                sb3_logs / arm / "seed-0" / f"{k}.monitor.csv", tmp_path / f"{arm}.{k}.monitor.csv"
            )
    study = read_study(tmp_path, request=Request(pattern="{arm}.{seed}.monitor.csv"))
    assert [run.name for run in study.runs] == sorted(path.name for path in tmp_path.iterdir())


def test_a_path_that_says_nothing_asks_for_a_pattern(sb3_logs, logs):
    with pytest.raises(CompareError, match="which run it is: give --pattern") as error:
        read_study(sb3_logs)
    assert "\n" not in str(error.value)
    (logs / "standard" / "seed-1").rename(logs / "standard" / "second")
    study = read_study(logs, request=Request(pattern=ARM_SEED))
    assert len(study.runs) == 3
    assert [missing.name for missing in study.missing] == ["standard/second"]


def test_an_empty_folder_of_a_run_is_missing(logs):
    (logs / "coord" / "seed-2").mkdir()
    study = read_study(logs, request=Request(pattern=ARM_SEED))
    (missing,) = study.missing
    assert missing.name == "coord/seed-2"
    assert missing.reason == "it holds no log (monitor or evaluations or progress or events)"


def test_runs_with_different_logs_are_not_mixed(logs):
    for path in (logs / "coord" / "seed-0").glob("*.monitor.csv"):
        path.unlink()
    pattern = "{game}/{arm}/seed-{seed}"  # so that both are of one game
    with pytest.raises(CompareError, match=r"games of evaluations .* choose one kind .* --source"):
        read_study(logs, request=Request(pattern=pattern))


def test_logs_below_a_run_belong_to_it(logs):
    nested = logs / "coord" / "seed-0" / "coord" / "seed-7"
    shutil.copytree(logs / "coord" / "seed-1", nested)
    assert len(read_study(logs, request=Request(pattern=ARM_SEED)).runs) == 4


def test_our_runs_win_over_logs(logs, write_run):
    write_run(logs, "Pong", "a2c", "standard", 0, 12.0)
    study = read_study(logs)
    assert keys_of(study) == [RunKey("Pong", "a2c", "standard", 0)]
    assert study.notes == ("logs: logs without run.json in 4 folders are not read",)
    assert len(read_study(logs, request=Request(source="events", pattern=ARM_SEED)).runs) == 4


def test_a_table(tmp_path):
    table = tmp_path / "mine.csv"
    lines = ["game,algorithm,arm,seed,step,return"]
    lines += [
        f"Pong,ppo,{arm},{seed},{step},{step / 100 + seed}"
        for arm in ("standard", "coord")
        for seed in (0, 1)
        for step in range(100, 1100, 100)
    ]
    table.write_text("\n".join(lines) + "\nPong")
    study = read_study(table)
    assert study.declared.name == "mine"
    assert study.runs[0].name == "mine.csv: Pong/ppo/standard/seed-0"
    assert study.runs[3].key == RunKey("Pong", "ppo", "coord", 1)
    assert study.runs[3].score.mean == 11
    assert study.notes[0].startswith("mine.csv: 1 rows are left out")


def test_two_studies_together(tmp_path, write_run):
    write_run(tmp_path / "one", "Pong", "a2c", "standard", 0, 12.0)
    write_run(tmp_path / "two", "Pong", "a2c", "coord", 0, 12.0)
    study = read_study(tmp_path / "one", tmp_path / "two")
    assert [run.name for run in study.runs] == [
        "one/Pong/a2c/standard/seed-0",
        "two/Pong/a2c/coord/seed-0",
    ]
    assert study.declared.name == "one + two"


def test_studies_that_declare_different_comparisons(tmp_path, study):
    one = study({("Pong", "a2c", "standard"): [1.0]})
    two = shutil.copytree(one, tmp_path / "other")
    text = (two / "study.json").read_text()
    (two / "study.json").write_text(text.replace('"unpaired"', '"paired"'))
    with pytest.raises(CompareError, match="declare different comparisons"):
        read_study(one, two)


def test_the_reading_can_be_watched(sb3_logs):
    seen = []

    def track(items):
        for item in items:
            seen.append(item.name)
            yield item

    study = read_study(sb3_logs, request=Request(pattern=ARM_SEED), track=track)
    assert seen == [run.name for run in study.runs]
    assert np.all([run.timesteps[0] > 0 for run in study.runs])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "foo"}, "no source is called 'foo': runs, monitor"),
        ({"source": "monitor", "tag": "x"}, "a tag chooses a curve of progress or events, not of"),
        ({"source": "runs", "pattern": "{arm}"}, "a pattern is for logs"),
    ],
)
def test_options_that_do_not_go_together(options, message):
    with pytest.raises(CompareError, match=message):
        Request(**options)


def test_folders_without_finished_runs(tmp_path, write_run):
    with pytest.raises(CompareError, match="is not a folder"):
        read_study(tmp_path / "nowhere")
    with pytest.raises(CompareError, match=r"holds no run\.json and no log"):
        read_study(tmp_path)
    with pytest.raises(CompareError, match=r"holds no log \(events\)"):
        read_study(tmp_path, request=Request(source="events"))
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 12.0, status="running")
    with pytest.raises(CompareError, match=r"no run in .* can be compared yet: .*seed-0: running$"):
        read_study(tmp_path)


def test_the_same_run_twice_is_an_error(tmp_path, write_run):
    write_run(tmp_path / "one", "Pong", "a2c", "standard", 0, 12.0)
    write_run(tmp_path / "two", "Pong", "a2c", "standard", 0, 13.0)
    with pytest.raises(CompareError, match=r"one/Pong.*two/Pong.*the folder of one study"):
        read_study(tmp_path)
