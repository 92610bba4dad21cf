"""Bad input: one line that says what is wrong, exit code 2, no traceback, nothing written."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents import train
from agents.run.folder import RunFolder
from agents.study import command as study
from tests.agents.runs import SMALL_STUDY, refused

TRAIN = ["--algo", "a2c", "--env", "Pong"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--algo", "a2c"], "--env"),
        (["--algo", "a3c", "--env", "Pong"], "choose from 'a2c', 'ppo'"),
        (["--algo", "a2c", "--env", "Pung"], "did you mean Pong?"),
        (["--algo", "a2c", "--env", "NoSuchEnv-v0"], "unknown environment"),
        ([*TRAIN, "--arm", "cord"], "did you mean coord?"),
        ([*TRAIN, "--arm", "no_such_module.Extractor"], "cannot import no_such_module.Extractor"),
        ([*TRAIN, "--arm", "torch.nn.Linear"], "is not an SB3 BaseFeaturesExtractor"),
        ([*TRAIN, "--seed", "-1"], "'seed' is -1"),
        ([*TRAIN, "--seed", "x"], "invalid int value: 'x'"),
        ([*TRAIN, "-n", "-5"], "'-5' is not a whole number"),
        ([*TRAIN, "-n", "0"], "'0' is not a whole number"),
        ([*TRAIN, "-n", "nan"], "'nan' is not a whole number"),
        ([*TRAIN, "-n", "1e99"], "'1e99' is not a whole number"),
        ([*TRAIN, "--hyperparams", "n_envs"], "not of the form name:value"),
        ([*TRAIN, "--hyperparams", "n_env:4"], "unknown key 'n_env', did you mean n_envs"),
        ([*TRAIN, "--hyperparams", "n_envs:0"], "'n_envs' is 0"),
        ([*TRAIN, "--hyperparams", "gamma:.nan"], "'gamma' is nan"),
        ([*TRAIN, "--hyperparams", "gamma:2"], "'gamma' is 2"),
        ([*TRAIN, "--hyperparams", "learning_rate:fast"], "give a number, or lin_X"),
        ([*TRAIN, "--hyperparams", "learning_rate:lin_-1"], "must be positive"),
        ([*TRAIN, "--hyperparams", "batch_size:64"], "unknown key 'batch_size'"),
        ([*TRAIN, "--hyperparams", "optimizer_kwargs:{eps: -1}"], "optimizer_kwargs of RMSprop"),
        ([*TRAIN, "--hyperparams", "optimizer_class:Adan"], "'optimizer_class' is 'Adan'"),
        ([*TRAIN, "--protocol", "classical"], "choose from 'classic', 'sticky'"),
        ([*TRAIN, "--device", "gpu"], "device 'gpu'"),
        ([*TRAIN, "--eval-freq", "-3"], "'eval_freq' is -3"),
        ([*TRAIN, "--num-threads", "0"], "'num_threads' is 0"),
        ([*TRAIN, "--no-such-flag"], "unrecognized arguments: --no-such-flag"),
        (["--run", "/no/such/folder"], "not a run's folder"),
        (["--run", ".", "--algo", "a2c"], "leave out --algo"),
    ],
)
def test_train(
    argv: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_folder = tmp_path / "runs"
    extra = [] if "--run" in argv else ["-f", str(log_folder)]
    assert says in refused(train.main, [*argv, *extra], capsys)
    assert not log_folder.exists()


def test_an_environment_without_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--algo", "a2c", "--env", "CartPole-v1", "-n", "100", "-f", str(tmp_path)]
    assert "CartPole-v1 has no image observations" in refused(train.main, argv, capsys)


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert "/proc/runs" in refused(train.main, [*TRAIN, "-f", "/proc/runs"], capsys)


def test_a_file_that_cannot_be_written_to_its_end(tmp_path: Path) -> None:
    """A limit on the size of files stops the saving of the model as a full disk would."""
    command = f"ulimit -f 2000; exec {sys.executable} -m agents.train"
    flags = "--algo a2c --env Breakout -n 16 --hyperparams n_envs:2 n_steps:8"
    result = subprocess.run(
        ["bash", "-c", f"{command} {flags} -f {tmp_path}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: File too large")
    folder = RunFolder(tmp_path / "Breakout/a2c/standard/seed-0")
    assert folder.record["status"] == "failed"
    assert "File too large" in folder.record["error"]
    assert (folder.path / "episodes.csv").exists()
    assert not (folder.path / "model.zip").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arm": ["coord"]}, "unknown key 'arm', did you mean arms"),
        ({"env": "Pong"}, "'env' is 'Pong'"),
        ({"env": []}, "'env' is []"),
        ({"env": None}, "'env' is None"),
        ({"env": ["Pung"]}, "did you mean Pong?"),
        ({"env": ["Pong", "pong"]}, "name the same run twice"),
        ({"algo": ["dqn"]}, "algo: unknown 'dqn', use one of a2c, ppo"),
        ({"algo": ["dqn"], "hyperparams": {}}, "algo: unknown 'dqn'"),
        ({"arms": ["coord", "coord"]}, "arms names coord twice"),
        ({"arms": ["standard", "cord"]}, "unknown arm 'cord'"),
        ({"seeds": 0}, "1 to 1000"),
        ({"seeds": [0, 0]}, "seeds names 0 twice"),
        ({"seeds": [-1]}, "'seeds.0' is -1"),
        ({"seeds": "many"}, "'seeds' is 'many'"),
        ({"n_timesteps": -1}, "-1"),
        ({"n_timesteps": float("nan")}, "nan"),
        ({"n_timesteps": {"ppo": 5}}, "n_timesteps: no algorithm 'ppo', use one of a2c"),
        ({"hyperparams": {"a2c": {"n_stepz": 5}}}, "unknown key 'n_stepz', did you mean n_steps"),
        ({"comparison": {"baselin": "coord"}}, "did you mean baseline?"),
        (
            {"comparison": {"baseline": "cord"}},
            "the baseline 'cord' is none of the arms, did you mean coord",
        ),
        ({"comparison": {"margin": 0}}, "'comparison.margin' is 0"),
        ({"comparison": {"test": "lucky"}}, "'comparison.test' is 'lucky'"),
        ({"protocol": "sticki"}, "unknown protocol 'sticki'"),
    ],
)
def test_study(
    changes: dict[str, Any], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump({**SMALL_STUDY, **changes}))
    assert says in refused(study.main, [str(file), "-f", str(tmp_path / "runs")], capsys)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a study"),
        (b"- Pong", "is not a study"),
        (b"env: [Pong", "is not valid YAML"),
        (b"\xff\xfe\x00\x01", "is not valid YAML"),
    ],
)
def test_a_file_that_is_no_study(
    content: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.yaml"
    file.write_bytes(content)
    assert says in refused(study.main, [str(file)], capsys)


def test_no_such_study_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    message = refused(study.main, ["demmo"], capsys)
    studies = "atari-a2c, atari-paper, atari-ppo, demo, ladder-control, ladder-control-hadamax"
    assert f"; agents/studies has {studies}" in message
    assert "give a study file" in refused(study.main, [], capsys)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--hang-timeout", "-1"], "'-1' is not a number of minutes"),
        (["--hang-timeout", "nan"], "'nan' is not a number of minutes"),
        (["--hang-timeout", "soon"], "'soon' is not a number of minutes"),
        (["--processes", "0"], "'0' is not a whole number"),
        (["--dry-run", "--list"], "not allowed with argument --dry-run"),
        (["-f", "/proc/runs"], "/proc/runs"),
    ],
)
def test_flags_of_a_study(
    argv: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(SMALL_STUDY))
    assert says in refused(study.main, [str(file), *argv], capsys)
