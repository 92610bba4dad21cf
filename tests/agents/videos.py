"""Videos as arrays."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from agents.play.video import Frame


def read_video(path: Path, width: int, height: int) -> Frame:
    """Decode a video to an array of shape (frames, height, width, 3)."""
    decode = ["-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *decode]
    pixels = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(pixels, np.uint8).reshape(-1, height, width, 3)
