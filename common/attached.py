"""A process that ends with the one that started it, also if that one is killed."""

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process

from common.command_line import INTERRUPTED

GRACE = 10.0
"""Seconds for an orderly end."""


def end_with_input() -> None:
    """End this process, as SIGTERM does, when its standard input closes.

    Whoever starts it holds the other end of a pipe, which closes however that process ends.
    """
    _end_after(_wait_for_input_to_close)


def end_with_parent() -> None:
    """End this process, as SIGTERM does, when the one that started it ends.

    It is ``multiprocessing`` that started it.
    """
    parent = parent_process()
    assert parent is not None
    _end_after(parent.join)


def _end_after(wait: Callable[[], None]) -> None:
    def wait_and_end() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(INTERRUPTED)

    threading.Thread(target=wait_and_end, daemon=True).start()


def _wait_for_input_to_close() -> None:
    # Not sys.stdin, whose lock a waiting thread would hold when the interpreter shuts down.
    while os.read(0, 1024):
        pass
