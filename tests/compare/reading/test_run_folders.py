import json
import os
from base64 import b64decode

import numpy as np
import pytest

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.run_folders import LARGEST_PNG
from coordrl.compare.reading.runs import RunKey
from coordrl.compare.reading.study import read_study

HEADER = "timestep,wall_seconds,env,return,length"


def test_a_finished_run(tmp_path, write_run):
    write_run(tmp_path, "Pong", "a2c", "coord", 3, 12.0)
    study = read_study(tmp_path)
    (run,) = study.runs
    assert run.key == RunKey("Pong", "a2c", "coord", 3)
    assert run.name == "Pong/a2c/coord/seed-3"
    assert run.score.mean == pytest.approx(12.0)
    assert run.score.games == 4
    assert run.timesteps[-1] == 10_000
    assert run.notes == ()
    assert study.missing == ()


@pytest.mark.parametrize("part", ["", "Pong", "Pong/a2c", "Pong/a2c/coord/seed-3"])
def test_any_folder_above_a_run_will_do(tmp_path, write_run, part):
    write_run(tmp_path, "Pong", "a2c", "coord", 3, 12.0)
    assert len(read_study(tmp_path / part).runs) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "running"}, "running"),
        ({"status": "failed", "error": "ValueError: boom"}, "failed: ValueError: boom"),
        ({"status": None}, '"status" must be a string'),
        ({"format": 2}, "format 2; this version reads 1"),
        ({"game": 3}, '"game" must be a string'),
        ({"n_timesteps": 0}, '"n_timesteps" must be at least 1'),
        ({"n_timesteps": 0.5}, '"n_timesteps" must be a whole number'),
        ({"timing": {"wall_seconds": "long"}}, '"wall_seconds" must be a number'),
        ({"timing": [1]}, '"timing" must be an object'),
        ({"episodes": HEADER + "\n"}, "none of its 0 games ended in its last 10 %"),
        (
            {"episodes": HEADER + "\n9000,1,0,5.0,10\n"},
            "none of its 1 games ended in its last 10 %",
        ),
        ({"episodes": "r,l,t\n1,2,3\n"}, f"must begin with {HEADER}"),
        ({"episodes": HEADER}, f"must begin with {HEADER}"),
        ({"episodes": HEADER + "\n1,2\n9500,1,0,5.0,10\n"}, "episodes.csv is not readable"),
        ({"episodes": HEADER + "\n9500,1\n"}, "5 finite numbers a line"),
        ({"episodes": HEADER + "\n9500,1,0,nan,10\n"}, "5 finite numbers a line"),
        ({"episodes": HEADER + "\n9500,1,0,1e300,10\n"}, "5 finite numbers a line"),
        ({"episodes": HEADER + "\n-9500,1,0,1,10\n"}, "negative timesteps"),
        ({"n_timesteps": 10**30}, '"n_timesteps" must be at least 1'),
        ({"reference_scores": {"random": 10**400}}, '"random" must be a number'),
        ({"episodes": HEADER + "\n9500,1,0,\0\1,10\n"}, "episodes.csv is not readable"),
    ],
)
def test_runs_that_cannot_be_used_are_named(tmp_path, write_run, changes, reason):
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 12.0)
    write_run(tmp_path, "Pong", "a2c", "standard", 1, 12.0, **changes)
    study = read_study(tmp_path)
    assert len(study.runs) == 1
    (missing,) = study.missing
    assert missing.name == "Pong/a2c/standard/seed-1"
    assert reason in missing.reason
    assert "\n" not in missing.reason
    assert missing.key == RunKey("Pong", "a2c", "standard", 1)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[1]"])
@pytest.mark.parametrize("name", ["run.json", "episodes.csv"])
def test_junk_is_named(tmp_path, write_run, name, content):
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 12.0)
    path = write_run(tmp_path, "Pong", "a2c", "standard", 1, 12.0)
    (path / name).write_bytes(content)
    (missing,) = read_study(tmp_path).missing
    assert name in missing.reason


def test_a_run_without_episodes_is_named(tmp_path, write_run):
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 12.0)
    (write_run(tmp_path, "Pong", "a2c", "standard", 1, 12.0) / "episodes.csv").unlink()
    (missing,) = read_study(tmp_path).missing
    assert missing.reason == "episodes.csv is missing"


@pytest.mark.parametrize("rest", ["10000,3.", "10000,3.2,0,7.0,3001"])
def test_a_half_written_last_line_is_left_out_and_noted(tmp_path, write_run, rest):
    path = write_run(tmp_path, "Pong", "a2c", "standard", 0, 12.0) / "episodes.csv"
    path.write_text(path.read_text() + rest)
    (run,) = read_study(tmp_path).runs
    assert len(run.timesteps) == 40
    assert np.all(run.returns > 6)
    assert run.notes == ("the half-written last line of episodes.csv is left out",)


def test_games_after_the_end_are_left_out_and_noted(tmp_path, write_run):
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 12.0, n_timesteps=9_900)
    (run,) = read_study(tmp_path).runs
    assert run.score.games == 4  # 9,000 to 9,750; with 10,000 it would be 5
    assert run.notes == ("games that ended after timestep 9,900 are left out",)


def test_the_study_says_what_is_expected(study):
    folder = study(
        {("Pong", "a2c", "standard"): [1.0, 2.0], ("Pong", "a2c", "coord"): [3.0]},
        comparison={"baseline": "coord", "test": "paired", "margin": 0.2},
        note="hello",
    )
    record = json.loads((folder / "study.json").read_text())
    record["runs"] = ["Pong/a2c/coord/seed-7", *record["runs"][:2]]
    (folder / "study.json").write_text(json.dumps(record))
    found = read_study(folder)
    assert (found.declared.baseline, found.declared.paired, found.declared.margin) == (
        "coord",
        True,
        0.2,
    )
    assert (found.declared.name, found.declared.note, found.declared.hash) == (
        "demo",
        "hello",
        "f00d",
    )
    assert [run.name for run in found.runs] == record["runs"][1:]
    assert [(m.name, m.reason) for m in found.missing] == [
        ("Pong/a2c/coord/seed-7", "not started (no run.json)"),
        ("Pong/a2c/coord/seed-0", "study.json does not list it"),
    ]
    # What the study does not list is not part of its family either.
    assert found.keys == (
        RunKey("Pong", "a2c", "coord", 7),
        RunKey("Pong", "a2c", "standard", 0),
        RunKey("Pong", "a2c", "standard", 1),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 9}, "format 9"),
        ({"runs": None}, '"runs" must be a list'),
        ({"name": 3}, '"name" must be a string'),
        ({"comparison": {"test": "bayes"}}, 'must be "unpaired" or "paired"'),
        ({"comparison": {"margin": 0}}, '"margin" must be a number above 0'),
        ({"comparison": {"margin": "wide"}}, '"margin" must be a number above 0'),
        ({"comparison": {"window": 1.5}}, '"window" must be a number above 0 and at most 1'),
    ],
)
def test_a_bad_study_file_is_one_line(study, changes, message):
    folder = study({("Pong", "a2c", "standard"): [1.0]}, **changes)
    with pytest.raises(CompareError, match=message) as error:
        read_study(folder)
    assert "study.json" in str(error.value)


def test_lost_games_are_noted(tmp_path, write_run):
    path = write_run(tmp_path, "Pong", "a2c", "standard", 0, 12.0) / "episodes.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    (run,) = read_study(tmp_path).runs
    expected = "run.json recorded a score of 12 over 4 games, episodes.csv gives 12.1667 over 3"
    assert run.notes == (expected,)


PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EVALUATIONS = {
    "format": 1,
    "evaluations": [
        {
            "deterministic": True,
            "coordinates": None,
            "env_kwargs": {},
            "n_eval_episodes": 10,
            "mean": 12.5,
            "reliance": {"greedy_changed": 0.25, "kl": 0.5, "value_change": None},
        }
    ],
}


def test_evaluations_of_the_agent(tmp_path, write_run):
    path = write_run(tmp_path, "Pong", "a2c", "coord", 0, 12.0)
    (path / "evaluation.json").write_text(json.dumps(EVALUATIONS))
    (path / "coordinate_maps.png").write_bytes(PNG)
    (run,) = read_study(tmp_path).runs
    (evaluation,) = run.evaluations
    assert (evaluation.games, evaluation.mean, evaluation.coordinates) == (10, 12.5, None)
    assert evaluation.reliance == {"greedy_changed": 0.25, "kl": 0.5}
    assert run.coordinate_maps == path.resolve() / "coordinate_maps.png"
    assert run.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"format": 2}',
        '{"format": 1}',
        '{"format": 1, "evaluations": [3]}',
        json.dumps(EVALUATIONS).replace("12.5", "NaN"),
        json.dumps(EVALUATIONS).replace("true", "1"),
    ],
)
def test_damaged_evaluations_are_noted(tmp_path, write_run, content):
    path = write_run(tmp_path, "Pong", "a2c", "coord", 0, 12.0)
    (path / "evaluation.json").write_text(content)
    (run,) = read_study(tmp_path).runs
    assert run.evaluations == ()
    (note,) = run.notes
    assert note.startswith("the evaluations are not shown: ")


@pytest.mark.parametrize("what", ["link", "text", "large", "pipe"])
def test_only_pictures_that_came_with_a_run_are_taken_along(tmp_path, write_run, what):
    path = write_run(tmp_path / "runs", "Pong", "a2c", "coord", 0, 12.0)
    maps, secret = path / "coordinate_maps.png", tmp_path / "secret"
    secret.write_bytes(PNG)
    if what == "link":
        maps.symlink_to(secret)
    elif what == "text":
        maps.write_text("secret")
    elif what == "large":
        maps.write_bytes(PNG[:-12] + bytes(LARGEST_PNG) + PNG[-12:])
    else:
        os.mkfifo(maps)
    (run,) = read_study(tmp_path / "runs").runs
    assert run.coordinate_maps is None
    (note,) = run.notes
    assert note.startswith("the picture of its coordinates is not shown: coordinate_maps.png")
