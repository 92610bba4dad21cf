import json
import subprocess
import sys
from pathlib import Path

import pytest

from common.command_line import run_command
from paper.not_so_clevr.command import main
from paper.not_so_clevr.results import load_result
from paper.results import load_arrays


def run(*arguments: str) -> int:
    return run_command(main, arguments)


def test_json_is_all_that_standard_output_holds() -> None:
    command = [sys.executable, "-m", "paper.not_so_clevr", "regression", "--split", "quadrant"]
    command += ["--seed", "1", "--canvas", "32", "--epochs", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert (result["task"], result["model"], result["seed"]) == ("regression", "coordconv", 1)
    assert {"accuracy", "pixel_error"} <= set(result["train"]) & set(result["test"])
    assert result["parameters"] == 906
    assert {"epochs_to_perfect", "seconds_to_perfect"} <= set(result)
    assert done.stderr.startswith("epoch 1, ")


def test_a_result_in_words_and_in_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "folder"
    arguments = ("regression", "--canvas", "32", "--epochs", "2", "--output", str(folder))
    assert run(*arguments) == 0
    text = capsys.readouterr().out
    assert text.startswith("regression, coordconv, uniform, seed 0: 906 parameters, 2 epochs, ")
    result = load_result(folder)
    assert result is not None
    assert f"largest_pixel_error {result.test['largest_pixel_error']:.4g}" in text
    assert load_arrays(folder)["answers"].shape == (576, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("clasification",), "invalid choice: 'clasification'"),
        (("rendering", "--split", "quadrants"), "'quadrants'"),
        (("rendering", "--model", "conv"), "'conv'"),
        (("rendering", "--seed", "-1"), "'-1' is not a whole number from 0"),
        (("rendering", "--seed", "1" * 30), "is not a whole number from 0"),
        (("rendering", "--epochs", "0"), "'0' is not a whole number from 1"),
        (("rendering", "--canvas", "48"), "invalid choice: 48"),
        (("rendering", "--recipe", "fast"), "recipes default, paper, not 'fast'"),
        (("reproduce", "--processes", "0"), "'0' is not a whole number from 1"),
        (("reproduce", "--sedes", "0"), "unrecognized arguments: --sedes"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = run(*arguments)
    except SystemExit as error:
        code = error.code  # type: ignore[assignment]  # argparse's, a number
    errors = capsys.readouterr().err
    assert code == 2
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert message in errors


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    assert run("regression", "--canvas", "32", "--epochs", "1", "--output", str(file)) == 2
    assert capsys.readouterr().err == f"error: File exists: {file}\n"
    assert file.read_text() == "mine"
