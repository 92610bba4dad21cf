"""Videos of agents at play: pictures side by side, captions drawn in, frames sent to ffmpeg."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, ImageOps

from common.errors import UsageError

Frame = npt.NDArray[np.uint8]

PANEL = 480
"""Width and height of a picture."""
CAPTION = 64
"""Height of the captions above."""
GAP = 16
"""Between two columns. All sizes are multiples of 16, as video codecs want them."""
MOST_COLUMNS = 4
QUALITY = 7
"""Of imageio-ffmpeg's 1 to 10: captions stay sharp."""
CANNOT_WRITE = "ffmpeg cannot write the video to its end: is the disk full?"
FONT = ImageFont.load_default(size=22)
MARGIN = 10
BACKGROUND, GRAY, WHITE = (40, 40, 40), (170, 170, 170), (255, 255, 255)


def compose(pictures: Sequence[Frame], captions: Sequence[tuple[str, str, str]]) -> Frame:
    """Draw pictures side by side, each below its caption.

    :param pictures: RGB images, each of any shape (height, width, 3)
    :param captions: For each picture what stands above it: at the left, at the right, and in gray
        below these two
    :return: RGB image of whole panels, up to four in a row
    """
    columns = min(len(pictures), MOST_COLUMNS)
    rows = -(-len(pictures) // columns)
    across, down = PANEL + GAP, PANEL + CAPTION
    canvas = Image.new("RGB", (columns * across - GAP, rows * down), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    for index, (picture, (left, right, below)) in enumerate(zip(pictures, captions, strict=True)):
        x, y = index % columns * across, index // columns * down
        draw.text((x + MARGIN, y + 6), left, WHITE, FONT)
        draw.text((x + PANEL - MARGIN, y + 6), right, WHITE, FONT, anchor="ra")
        draw.text((x + MARGIN, y + 34), below, GRAY, FONT)
        canvas.paste(_fit(picture), (x, y + CAPTION))
    return np.asarray(canvas)


@contextmanager
def video_writer(
    path: Path, size: tuple[int, int], fps: float
) -> Iterator[Callable[[Frame], None]]:
    """Write a video while the context lasts; frames go to ffmpeg as they come.

    :param path: MP4 file
    :param size: Width and height of the frames
    :param fps: Frames a second
    :return: A context whose value takes the frames, RGB of shape (height, width, 3)
    :raises UsageError: If ffmpeg cannot write the video to its end
    """
    path.touch()  # ffmpeg would not say in a line why it cannot
    ffmpeg = imageio_ffmpeg.write_frames(
        str(path), size, fps=fps, quality=QUALITY, ffmpeg_log_level="quiet"
    )
    ffmpeg.send(None)
    written = 0

    def write(frame: Frame) -> None:
        nonlocal written
        try:
            ffmpeg.send(np.ascontiguousarray(frame))
        except OSError:
            raise UsageError(CANNOT_WRITE) from None
        written += 1

    with closing(ffmpeg):
        yield write
    # ffmpeg ends without a word when the disk is full.
    if _frames_of(path) != written:
        raise UsageError(CANNOT_WRITE)


def _frames_of(path: Path) -> int:
    try:
        frames, _ = imageio_ffmpeg.count_frames_and_secs(str(path))
    except RuntimeError:
        return 0
    return int(frames)


def _fit(picture: Frame) -> Image.Image:
    """Scale a picture to a panel, keeping its proportions and, if it is small, its pixels."""
    enlarged = max(picture.shape[:2]) < PANEL
    method = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
    return ImageOps.pad(Image.fromarray(picture), (PANEL, PANEL), method)
