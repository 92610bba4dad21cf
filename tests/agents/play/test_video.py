"""Videos are real ones; pictures and captions stand where they belong."""

import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from agents.play.video import CAPTION, GAP, PANEL, Frame, compose, video_writer
from tests.agents.videos import read_video


def plain(colour: int, *shape: int) -> Frame:
    return np.full((*shape, 3), colour, dtype=np.uint8)


@pytest.mark.parametrize(
    ("number", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (4, 4, 1), (5, 4, 2), (12, 4, 3)]
)
def test_panels_fill_rows_of_four(number: int, columns: int, rows: int) -> None:
    colours = [100 + 10 * index for index in range(number)]
    pictures = [plain(colour, PANEL, PANEL) for colour in colours]
    frame = compose(pictures, [("", "", "")] * number)
    assert frame.shape == (rows * (PANEL + CAPTION), columns * (PANEL + GAP) - GAP, 3)
    assert frame.shape[0] % 16 == frame.shape[1] % 16 == 0
    centres = [
        frame[row * (PANEL + CAPTION) + CAPTION + PANEL // 2, column * (PANEL + GAP) + PANEL // 2]
        for row in range(rows)
        for column in range(columns)
    ]
    assert [int(centre[0]) for centre in centres[:number]] == colours


def test_captions_stand_above_their_picture() -> None:
    pictures = [plain(0, PANEL, PANEL)] * 2
    empty = compose(pictures, [("", "", "")] * 2)
    frame = compose(pictures, [("", "", ""), ("coord", "1,234", "games over: 2")])
    rows, columns, _ = np.nonzero(frame != empty)
    assert rows.max() < CAPTION
    assert columns.min() >= PANEL + GAP
    upper = columns[rows < CAPTION // 2]  # the name at the left, the score at the right
    assert upper.min() < PANEL + GAP + 20
    assert upper.max() > 2 * PANEL + GAP - 20


@pytest.mark.parametrize("shape", [(24, 24), (960, 960)])
def test_pictures_of_any_size_fill_the_panel(shape: tuple[int, int]) -> None:
    picture = plain(0, *shape)
    picture[:, shape[1] // 2 :] = 250
    seen = compose([picture], [("", "", "")])[CAPTION:]
    assert (seen[:, : PANEL // 2 - 2] == 0).all()
    assert (seen[:, PANEL // 2 + 2 :] == 250).all()
    assert set(np.unique(seen[:, :, 0])) == {0, 250} or shape[0] > PANEL  # small: crisp


def test_a_tall_picture_keeps_its_proportions() -> None:
    seen = compose([plain(250, 210, 160)], [("", "", "")])[CAPTION + PANEL // 2, :, 0]
    assert np.count_nonzero(seen == 250) == round(PANEL * 160 / 210)


def test_a_video_holds_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with video_writer(path, (64, 48), fps=15) as write:
        for brightness in range(0, 250, 10):
            write(plain(brightness, 48, 64))
    frames = read_video(path, 64, 48)
    assert len(frames) == 25
    assert frames.mean(axis=(1, 2, 3)) == pytest.approx(np.arange(0, 250, 10), abs=4)
    assert imageio_ffmpeg.count_frames_and_secs(str(path))[1] == pytest.approx(25 / 15, abs=0.07)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError),
        video_writer(tmp_path / "no" / "video.mp4", (16, 16), 15),
    ):
        pass


WRITE_NOISE = """
import sys
from pathlib import Path
import numpy as np
from common.errors import UsageError
from agents.play.video import video_writer
random = np.random.default_rng(0)
try:
    with video_writer(Path(sys.argv[1]), (320, 320), 15) as write:
        for _ in range(40):
            write(random.integers(256, size=(320, 320, 3), dtype=np.uint8))
except UsageError as error:
    print(error)
"""


def test_a_full_disk_is_told_in_a_line(tmp_path: Path) -> None:
    """A limit on the size of files stops ffmpeg as a full disk would."""
    command = f'ulimit -f 100; exec {sys.executable} -c "$0" {tmp_path / "video.mp4"}'
    result = subprocess.run(
        ["bash", "-c", command, WRITE_NOISE], capture_output=True, text=True, check=True
    )
    assert result.stdout == "ffmpeg cannot write the video to its end: is the disk full?\n"
    assert result.stderr == ""
