"""The command: a video of one agent or of a cell's arms, one line for what is wrong."""

import shutil
from pathlib import Path

import numpy as np
import pygame
import pytest

from agents import enjoy
from agents.enjoy import choose_runs, short_names
from agents.play.agent import WEIGHTS
from agents.play.video import CAPTION, GAP, PANEL
from agents.run.folder import RunFolder
from common.command_line import run_command
from tests.agents.runs import refused, small_run
from tests.agents.videos import read_video

SEAQUEST = Path("Seaquest", "a2c")
CLEVR = Path("NotSoClevr-v0", "ppo")
PLAIN = CLEVR / "pooled" / "seed-0"
HEIGHT = CAPTION + PANEL
TWO = 2 * PANEL + GAP


def run(*argv: str | Path) -> int:
    return run_command(enjoy.main, [str(argument) for argument in argv])


def test_the_arms_of_a_cell_side_by_side(
    finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(finished_runs / SEAQUEST, "-n", "20", "--no-render") == 0
    path = finished_runs / SEAQUEST / "video.mp4"
    frames = read_video(path, TWO, HEIGHT)
    assert len(frames) == 21  # before the first step and after every one
    left, right = frames[:, CAPTION:, :PANEL], frames[:, CAPTION:, PANEL + GAP :]
    # Both begin from the same seed, so with the same picture; then each goes its way.
    assert np.abs(left[0].astype(int) - right[0]).mean() < 1
    assert np.abs(left[0].astype(int) - left[20]).mean() > 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "Seaquest a2c standard seed 0",
        "Seaquest a2c coord seed 0",
    ]
    assert last == str(path)


def test_one_agent(finished_runs: Path, tmp_path: Path) -> None:
    output = tmp_path / "film.mp4"
    flags = ("-n", "9", "--no-render", "--deterministic", "--seed", "3", "-o", output)
    assert run(finished_runs / PLAIN, *flags) == 0
    assert len(read_video(output, PANEL, HEIGHT)) == 10
    assert not (finished_runs / PLAIN / "video.mp4").exists()


def test_zoo_s_flags_choose_among_a_folder_s_runs(finished_runs: Path) -> None:
    flags = ("--algo", "ppo", "--env", "NotSoClevr-v0", "-f", finished_runs, "-n", "3")
    assert run(*flags, "--no-render") == 0
    assert len(read_video(finished_runs / CLEVR / "video.mp4", TWO, HEIGHT)) == 4


def test_without_a_display_there_is_a_video_all_the_same(
    finished_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    assert run(finished_runs / PLAIN, "-n", "3") == 0
    assert "there is no display" in capsys.readouterr().err
    assert len(read_video(finished_runs / PLAIN / "video.mp4", PANEL, HEIGHT)) == 4


def test_closing_the_window_ends_the_video(
    finished_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert run(finished_runs / PLAIN) == 0
    assert len(read_video(finished_runs / PLAIN / "video.mp4", PANEL, HEIGHT)) == 1


def test_of_several_seeds_a_folder_gives_the_lowest(
    finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arm in ("pooled", "coord-pooled"):
        other = finished_runs / CLEVR / arm / "seed-5"
        shutil.copytree(finished_runs / CLEVR / arm / "seed-0", other)
        record = RunFolder(other).record
        RunFolder(other).update(seed=5, config={**record["config"], "seed": 5})
    chosen = choose_runs([finished_runs / CLEVR], None, None)
    assert [run.path.name for run in chosen] == ["seed-0", "seed-0"]
    assert "seed 0 of [0, 5]" in capsys.readouterr().err
    named = sorted((finished_runs / CLEVR).glob("*/seed-5"))
    assert [run.path for run in choose_runs(named, None, None)] == named


def test_names_say_what_differs() -> None:
    standard, coord = small_run(), small_run(arm="coord")
    assert short_names([standard, coord]) == ["standard", "coord"]
    assert short_names([standard]) == ["standard"]
    assert short_names([standard, small_run("ppo", seed=3)]) == [
        "standard a2c seed 0",
        "standard ppo seed 3",
    ]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "give the folder of a run"),
        (["no-such-folder"], "is not a folder"),
        (["RUNS"], "runs of NotSoClevr-v0 ppo, Seaquest a2c: choose one with --env and --algo"),
        (["RUNS", "--env", "Pong"], "no finished run of Pong there"),
        (["RUNS", "--env", "Pung"], "did you mean Pong?"),
        (["RUNS", "--algo", "dqn"], "choose from 'a2c', 'ppo'"),
        (["RUN", "-n", "0"], "'0' is not a whole number"),
        (["RUN", "--seed", "-1"], "--seed is -1"),
        (["RUN", "-o", "video.avi"], "video.avi cannot be the video: give an .mp4 file"),
        (["RUN", "-o", "/no/such/folder/video.mp4"], "in a folder that exists"),
        (["RUN", "-o", "/proc/video.mp4"], "/proc/"),
        (["RUN", *["RUN/../seed-0"] * 2, "--env-kwargs", "part:tset"], "part must be"),
        (["DAMAGED"], "is damaged"),
        (["UNFINISHED"], "is not finished: running"),
    ],
)
def test_bad_input(
    argv: list[str], says: str, finished_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"RUNS": finished_runs, "RUN": finished_runs / PLAIN}
    places["RUN/../seed-0"] = finished_runs / PLAIN / ".." / "seed-0"
    places["DAMAGED"] = places["UNFINISHED"] = finished_runs / CLEVR / "coord-pooled" / "seed-0"
    if "DAMAGED" in argv:
        (places["DAMAGED"] / WEIGHTS).write_bytes(b"")
    if "UNFINISHED" in argv:
        RunFolder(places["UNFINISHED"]).update(status="running")
    given = [str(places.get(word, word)) for word in argv]
    assert says in refused(enjoy.main, [*given, "--no-render"], capsys)
    assert not list(finished_runs.rglob("*.mp4"))
