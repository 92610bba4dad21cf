"""A window that shows frames, where there is a display."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from common.command_line import tell

Frame = npt.NDArray[np.uint8]


@contextmanager
def window(title: str, size: tuple[int, int], fps: float) -> Iterator[Callable[[Frame], bool]]:
    """Open a window while the context lasts; without a display, say so and show nothing.

    pygame draws it, as in Gymnasium: SB3's ``render("human")`` needs an OpenCV with windows, and
    the headless one has none.

    :param size: Width and height of the frames
    :param fps: Frames a second: showing one waits for its time
    :return: A context whose value shows a frame, RGB of shape (height, width, 3), and tells whether
        the window is still open
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame

    if not _display_opens():
        tell("no window, for there is no display: watch the video")
        yield lambda _frame: True
        return
    screen = pygame.display.set_mode(size)
    pygame.display.set_caption(title)
    clock = pygame.time.Clock()

    def show(frame: Frame) -> bool:
        pygame.surfarray.blit_array(screen, frame.transpose(1, 0, 2))
        pygame.display.flip()
        clock.tick(fps)
        return not any(_closes(event) for event in pygame.event.get())

    def _closes(event: pygame.event.Event) -> bool:
        keys = (pygame.K_ESCAPE, pygame.K_q)
        return event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key in keys)

    try:
        yield show
    finally:
        pygame.display.quit()


def _display_opens() -> bool:
    """Open the display; SDL would take a screen that nobody sees where there is none."""
    import pygame

    named = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in named):
        return False  # trying would print what libraries think of that
    try:
        pygame.display.init()
    except pygame.error:
        return False
    seen = pygame.display.get_driver() != "offscreen"
    if not seen:
        pygame.display.quit()
    return seen
