"""The arms, what they state about themselves, and arms of a user's own."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents import arms
from agents.arms import count_parameters, measure
from agents.run.arm import Arm, check_controls, find_arm, load_arms
from agents.run.config import RunConfig, make_run_config
from agents.study import command as study
from agents.study.config import StudyConfig, parse_study
from agents.training.model import make_model, make_run_env, parameter_counts
from common.command_line import run_command
from common.errors import UsageError
from tests.agents.runs import small_run

SLOW: dict[str, Any] = {
    "description": "learns at a third of the rate",
    "control": "coord",
    "features_extractor_class": "coordrl.CoordNatureCNN",
    "hyperparams": {"a2c": {"learning_rate": 2e-4}},
}


def study_of(**changes: Any) -> StudyConfig:
    values = {"env": ["Pong"], "arms": ["standard", "slow"], "own_arms": {"slow": SLOW}}
    return parse_study({**values, **changes}, "mine.yaml")


@pytest.mark.parametrize(
    ("name", "control", "extra"),
    [
        ("standard", None, 0),
        ("coord", "standard", 7296),
        ("constant", "standard", 7296),
        ("fixed-code", "standard", 7296),
        ("coord-actor", "separate", 7296),
        ("coord-pooled", "pooled", 7296),
        ("constant-pooled", "pooled", 7296),
        ("fixed-code-pooled", "pooled", 7296),
        ("coord-impala", "impala", 7200),
        ("coord-last", "standard", 1152),
        ("fourier", "standard", 6 * 7296),
        ("learned", "standard", 32 * 20 * 20 + 64 * 9 * 9 + 64 * 7 * 7),
        ("coord-last-pooled", "pooled", 1152),
        ("fourier-pooled", "pooled", 6 * 7296),
        ("learned-pooled", "pooled", 32 * 20 * 20 + 64 * 9 * 9 + 64 * 7 * 7),
        ("keypoints", "pooled", 64 * 512 + 1),
        ("coord-impoola", "impoola", 2 * 7200),
        ("constant-impoola", "impoola", 2 * 7200),
        ("fixed-code-impoola", "impoola", 2 * 7200),
        ("impala-circular", "impoola", 0),
        ("coord-hadamax", "hadamax", 2 * 2 * (32 * 64 + 64 * 16 + 64 * 9)),
    ],
)
def test_an_arm_states_its_control_and_has_so_many_parameters_more(
    name: str, control: str | None, extra: int
) -> None:
    arm = find_arm(name)
    assert arm.control == control
    if control is not None:
        assert count_parameters(arm) == count_parameters(find_arm(control)) + extra


@pytest.mark.parametrize("name", ["constant-pooled", "coord-actor"])
def test_the_parameters_are_those_of_a_run_on_pong(name: str) -> None:
    with closing(make_run_env(config := small_run(arm=name, env="Pong"))) as env:
        assert parameter_counts(make_model(config, env))["total"] == count_parameters(config.arm)


def test_the_list_has_every_arm(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(arms.main, []) == 0
    header, _, columns, *rows = capsys.readouterr().out.splitlines()
    assert "84x84" in header
    assert columns.split() == ["arm", "parameters", "extra", "cost", "control", "description"]
    rungs = [row for row in rows if row.startswith("What tells positions: ")]
    assert rungs[0] == rows[0] == "What tells positions: nothing"
    listed = {row.split()[0]: row.split()[1:5] for row in rows if row not in rungs}
    assert sorted(listed) == sorted(load_arms())
    assert len(rows) == len(rungs) + len(listed)
    assert listed["standard"] == ["1,687,719", "-", "9", "-"]
    assert listed["coord"] == ["1,695,015", "7,296", "9", "standard"]
    assert listed["coord-actor"][2:] == ["19", "separate"]


def test_the_operations_are_those_of_nature_cnn() -> None:
    convolutions = 20**2 * 32 * 4 * 8**2 + 9**2 * 64 * 32 * 4**2 + 7**2 * 64 * 64 * 3**2
    dense = 64 * 7**2 * 512 + 512 * (6 + 1)
    assert measure(find_arm("standard")).operations == convolutions + dense
    assert measure(find_arm("coord")).operations == convolutions + dense


def test_the_list_of_some_arms(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(arms.main, ["pooled", "coordrl.CoordImpalaCNN"]) == 0
    rows = capsys.readouterr().out.splitlines()[3:]
    assert [row.split()[1] for row in rows] == ["114,855", "1,098,231"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fixed-cod", "unknown arm 'fixed-cod', did you mean fixed-code"),
        ("coordrl.NoCNN", "arm coordrl.NoCNN: cannot import coordrl.NoCNN"),
        ("..coordrl.CoordNatureCNN", "'..coordrl.CoordNatureCNN' is no dotted path"),
        ("coordrl.CoordConv2d", "coordrl.CoordConv2d is not an SB3 BaseFeaturesExtractor"),
    ],
)
def test_an_arm_that_is_none(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(arms.main, [name]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_a_control_that_is_no_arm() -> None:
    arm = Arm(name="mine", control="cord", features_extractor_class="coordrl.CoordNatureCNN")
    with pytest.raises(UsageError, match="arm mine: its control 'cord' is no arm, did you mean co"):
        check_controls({"mine": arm}, load_arms())


def test_an_arms_own_hyperparams_count_for_its_algorithm_and_are_recorded() -> None:
    runs = study_of(seeds=1, hyperparams={"a2c": {"n_envs": 8}}).runs()
    rates = {(run.arm.name, run.algo): run.hyperparams.learning_rate for run in runs}
    assert rates["standard", "a2c"] == 7e-4
    assert rates["slow", "a2c"] == 2e-4
    assert rates["standard", "ppo"] == rates["slow", "ppo"] == "lin_2.5e-4"
    assert {run.hyperparams.n_envs for run in runs if run.algo == "a2c"} == {8}
    [slow] = [run for run in runs if (run.arm.name, run.algo) == ("slow", "a2c")]
    record = slow.model_dump(mode="json")
    assert record["arm"]["hyperparams"] == SLOW["hyperparams"]
    assert RunConfig.model_validate(record) == slow


def test_a_hyperparameter_is_not_given_both_by_an_arm_and_for_every_arm() -> None:
    with pytest.raises(
        UsageError, match=r"arm slow has a learning_rate of its own for a2c, 0\.0002"
    ):
        study_of(hyperparams={"a2c": {"learning_rate": 1e-3}}).runs()


def test_an_arm_as_it_is_needs_no_name_to_be_found() -> None:
    arm = Arm(name="slow", **SLOW)
    config = make_run_config(env="Pong", algo="a2c", arm=arm, seed=0)
    assert config.relative_folder == Path("Pong/a2c/slow/seed-0")


def test_a_study_with_own_arms_is_the_same_after_its_record_is_read() -> None:
    config = study_of()
    assert StudyConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("own_arms", "message"),
    [
        ({"slow": {**SLOW, "controll": "coord"}}, "'own_arms.slow.controll', did you mean control"),
        ({"slow": {**SLOW, "control": "cord"}}, "control 'cord' is no arm, did you mean coord"),
        ({"slow": {**SLOW, "hyperparams": {"dqn": {}}}}, "'dqn' is no algorithm, use one of a2c, "),
        ({"slow": {"control": "coord"}}, "'own_arms.slow.features_extractor_class' is missing"),
        ({"slow": "coordrl.CoordNatureCNN"}, "'own_arms.slow' is 'coordrl.CoordNatureCNN'"),
        ({"slow": SLOW, "coord": SLOW}, "own_arms: 'coord' is an arm already"),
        ({"slow": SLOW, "../x": SLOW}, "own_arms.../x"),
        (["slow"], "'own_arms' is ['slow']"),
    ],
)
def test_own_arms_that_are_wrong(own_arms: Any, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        study_of(own_arms=own_arms)
    assert str(raised.value).startswith("mine.yaml: ")
    assert message in str(raised.value)


def test_an_unknown_hyperparameter_of_an_arm() -> None:
    own = {"slow": {**SLOW, "hyperparams": {"a2c": {"lerning_rate": 1.0}}}}
    with pytest.raises(UsageError, match="unknown key 'lerning_rate', did you mean learning_rate"):
        study_of(own_arms=own).runs()


def test_a_study_names_the_arms_with_hyperparams_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(study_of(seeds=1).model_dump(mode="json")))
    assert run_command(study.main, [str(file), "-f", str(tmp_path / "runs"), "--list"]) == 0
    output = capsys.readouterr()
    assert output.err == "arm slow has its own {'a2c': {'learning_rate': 0.0002}}\n"
    assert len(output.out.splitlines()) == 4
