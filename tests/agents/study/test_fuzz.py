"""Hundreds of wrong studies: each gets one line and exit code 2, its right neighbour runs."""

import copy
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.study import command as study
from common.command_line import BAD_INPUT, run_command

VALID: dict[str, Any] = {
    "env": ["Breakout"],
    "algo": ["a2c", "ppo"],
    "arms": ["standard", "coord", "mine"],
    "own_arms": {"mine": {"features_extractor_class": "coordrl.CoordNatureCNN"}},
    "seeds": 2,
    "n_timesteps": {"a2c": 16, "ppo": 64},
    "protocol": "sticky",
    "hyperparams": {
        "a2c": {"n_envs": 2, "n_steps": 8, "learning_rate": "lin_7e-4", "gamma": 0.9},
        "ppo": {"n_envs": 2, "n_steps": 32, "batch_size": 32, "clip_range": 0.1},
    },
    "env_kwargs": {"screen_size": 84, "full_action_space": False},
    "eval_freq": 0,
    "eval_episodes": 2,
    "save_freq": 1000,
    "device": "cpu",
    "num_threads": 1,
    "comparison": {"baseline": "standard", "test": "paired", "margin": 0.1, "window": 0.5},
    "note": "a note",
}
NUMBERS: list[Any] = [-1, -0.5, float("nan"), float("inf"), 1e300, 10**40, "many", [1], {"a": 1}]
COUNTS = [*NUMBERS, 0.5, True]
WRONG_VALUES: dict[tuple[str, ...], list[Any]] = {
    ("env",): [[], ["Pnog"], ["Breakout", "breakout"], [3], {"a": 1}, None, [["Pong"]]],
    ("algo",): [[], ["a3c"], ["a2c", "a2c"], "a2c ppo", [1], {"a2c": 1}, None],
    ("arms",): [[], ["cord"], ["coord", "coord"], ["no.such.Extractor"], ["os.path"], [None], 7],
    ("own_arms", "mine", "features_extractor_class"): [3, None, []],
    ("own_arms", "mine"): [{"features_extractor_class": "nowhere.Extractor"}, {}, 3],
    ("seeds",): [
        -1,
        -0.5,
        float("nan"),
        float("inf"),
        10**40,
        "many",
        {"a": 1},
        0,
        [],
        [-1],
        [0, 0],
        [0.5],
        [2**31],
        1001,
    ],
    ("n_timesteps",): [*COUNTS, {"a2c": 0, "ppo": 64}, {"a2c": 16}, {"a2c": 16, "dqn": 1}],
    ("protocol",): ["stikcy", 1, None, [], "Classic "],
    ("hyperparams",): [[], "n_envs:8", {"a3c": {}}, 4],
    ("hyperparams", "a2c", "n_envs"): [*COUNTS, 0],
    ("hyperparams", "a2c", "n_steps"): [*COUNTS, 0],
    ("hyperparams", "a2c", "learning_rate"): [*NUMBERS[:4], "fast", "lin_", "lin_-1", [1], 0],
    ("hyperparams", "a2c", "gamma"): [*NUMBERS, 1.5],
    ("hyperparams", "ppo", "batch_size"): [*COUNTS, 0, 1],
    ("hyperparams", "ppo", "clip_range"): [-1, 0, "lin_x", float("nan"), []],
    ("env_kwargs",): [["screen_size"], "screen_size:84", 3],
    ("env_kwargs", "screen_size"): [-1, 0, "big", 35.5, [], float("nan")],
    ("env_kwargs", "full_action_space"): ["maybe", 2, []],
    ("eval_freq",): COUNTS,
    ("eval_episodes",): [*COUNTS, 0],
    ("save_freq",): [*COUNTS, 0],
    ("device",): ["gpu", "cuda:99", 3, [], "cpu:x"],
    ("num_threads",): [*COUNTS, 0],
    ("comparison",): [[], "paired", 3],
    ("comparison", "baseline"): ["pooled", 3, []],
    ("comparison", "test"): ["t-test", 1, None, []],
    ("comparison", "margin"): [*NUMBERS, 0, 1.5],
    ("comparison", "window"): [*NUMBERS, 0, 1.5],
    ("note",): [[], {"a": 1}, 3],
}
FLAGS: dict[str, tuple[str, list[str]]] = {
    "--seeds": ("3", ["0", "-1", "nan", "many", "1e99", "0.5"]),
    "--n-timesteps": ("1e3", ["0", "-5", "inf", "lots"]),
    "--protocol": ("sticky", ["stikcy"]),
    "--env": ("Pong", ["Pnog"]),
    "--arms": ("standard", ["cord"]),
    "--algo": ("ppo", ["a3c"]),
    "--eval-freq": ("100", ["-1", "x"]),
    "--save-freq": ("1e3", ["0", "-7", "x"]),
    "--num-threads": ("2", ["0", "-1", "two"]),
    "--hyperparams": ("n_envs:4", ["n_envz:4", "n_envs", "n_envs:-1", "n_envs:[", ":4"]),
    "--env-kwargs": ("screen_size:42", ["screen_size:-1", "screen_sise:84", "frame_stack:2"]),
    "--processes": ("1", ["0", "-2", "x"]),
    "--hang-timeout": ("0.5", ["-1", "nan", "x"]),
    "--sweep": ("learning_rate=1e-4,2e-4", ["learning_rate", "learning_rate=x", "lerning_rate=1"]),
    "--device": ("auto", ["tpu7"]),
}
"""A right value of every flag, and wrong ones."""
PLAIN: dict[str, Any] = {"env": ["Breakout"], "algo": ["ppo"], "arms": ["standard"]}


@dataclass(frozen=True)
class Case:
    """A wrong study, what its message has to name, and flags beside the file."""

    values: dict[str, Any]
    named: str
    flags: tuple[str, ...] = ()


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    values = copy.deepcopy(VALID)
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return values


def misspelt(rng: random.Random, path: tuple[str, ...]) -> Case:
    """Swap two letters of a key, or leave one out."""
    key = path[-1]
    at = rng.randrange(len(key) - 1)
    swapped = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
    wrong = swapped if swapped != key else key[:at] + key[at + 1 :]
    values = copy.deepcopy(VALID)
    place = values
    for part in path[:-1]:
        place = place[part]
    place[wrong] = place.pop(key)
    return Case(values, wrong)


def all_cases() -> list[Case]:
    rng = random.Random(0)
    cases = [
        Case(changed(path, value), _singular(path[-1]))
        for path, wrong in WRONG_VALUES.items()
        for value in wrong
    ]
    paths = [path for path in WRONG_VALUES if path[0] != "own_arms"]
    cases += [misspelt(rng, rng.choice(paths)) for _ in range(40)]
    cases += [
        Case(PLAIN, _named(flag, value), (flag, value))
        for flag, (_, values) in FLAGS.items()
        for value in values
    ]
    return [*cases, Case(PLAIN, "--unknown", ("--unknown", "1"))]


def _named(flag: str, value: str) -> str:
    """Return what a message about a flag has to name: the key within it, if it has one."""
    key = value.replace("=", ":").partition(":")[0]
    return key if flag in ("--hyperparams", "--env-kwargs", "--sweep") else _singular(flag[2:])


def _singular(key: str) -> str:
    return "arm" if key == "arms" else key


CASES = all_cases()


def run_study(values: dict[str, Any], root: Path, *flags: str) -> int:
    file = root / "study.yaml"
    file.write_text(yaml.safe_dump(values))
    argv = [str(file), "--log-folder", str(root / "runs"), "--list", *flags]
    try:
        return run_command(study.main, argv)
    except SystemExit as exit_:  # argparse's own
        return int(str(exit_.code))


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 200


def test_the_study_they_differ_from_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_study(VALID, tmp_path) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 * 3 * 2


@pytest.mark.parametrize("flag", FLAGS)
def test_the_right_value_of_a_flag_runs(flag: str, tmp_path: Path) -> None:
    assert run_study(PLAIN, tmp_path, flag, FLAGS[flag][0]) == 0


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_wrong_study_is_refused_in_one_line(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[number]
    assert run_study(case.values, tmp_path, *case.flags) == BAD_INPUT, case
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert len(lines) == 1, case
    assert lines[0].startswith("error: ")
    assert case.named in lines[0] or case.named.replace("-", "_") in lines[0], (case, lines)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("place", ["file", "below a file", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written_is_named(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("not a folder")
    folders = {"file": tmp_path / "taken", "below a file": tmp_path / "taken" / "runs"}
    folder = folders.get(place, Path(place))
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(VALID))
    assert run_command(study.main, [str(file), "-f", str(folder)]) == BAD_INPUT
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert str(folder) in line
    assert (tmp_path / "taken").read_text() == "not a folder"
