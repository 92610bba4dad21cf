"""The window, drawn by pygame itself on SDL's dummy display."""

from collections.abc import Iterator

import numpy as np
import pygame
import pytest

from agents.play.window import window

FRAME = np.random.default_rng(0).integers(256, size=(40, 60, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def display_closed() -> Iterator[None]:
    """Leave no display open: SDL keeps the first that opens, even one that nobody sees."""
    yield
    pygame.display.quit()


@pytest.fixture
def dummy_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.mark.usefixtures("dummy_display")
def test_frames_are_shown_until_the_window_is_closed() -> None:
    with window("coord, standard", (60, 40), fps=1000) as show:
        assert show(FRAME)
        shown = pygame.surfarray.array3d(pygame.display.get_surface())
        np.testing.assert_array_equal(shown.transpose(1, 0, 2), FRAME)
        assert pygame.display.get_caption()[0] == "coord, standard"
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_SPACE))
        assert show(FRAME)
        pygame.event.post(pygame.event.Event(pygame.QUIT))
        assert not show(FRAME)
    assert not pygame.display.get_init()


@pytest.mark.usefixtures("dummy_display")
@pytest.mark.parametrize("key", [pygame.K_q, pygame.K_ESCAPE])
def test_keys_close_it(key: int) -> None:
    with window("coord", (60, 40), fps=1000) as show:
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
        assert not show(FRAME)


@pytest.mark.parametrize(
    "environment", [{}, {"DISPLAY": ":987"}, {"SDL_VIDEODRIVER": "no-such-driver"}]
)
def test_without_a_display_a_line_says_so(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with window("coord", (60, 40), fps=1000) as show:
        assert show(FRAME)
    assert capsys.readouterr().err == "no window, for there is no display: watch the video\n"
