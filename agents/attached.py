"""A process that ends with the one that started it, also if that one is killed."""

import os
import signal
import threading
import time

from agents.cli import INTERRUPTED

GRACE = 10.0
"""Seconds for an orderly end."""


def end_with_input() -> None:
    """End this process, as SIGTERM does, when its standard input closes.

    Whoever starts it holds the other end of a pipe, which closes however that process ends.
    """
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    # Not sys.stdin, whose lock a waiting thread would hold when the interpreter shuts down.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(INTERRUPTED)
