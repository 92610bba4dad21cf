"""What the commands of the paper's experiments share: one-line errors and exit codes."""

import argparse
import shlex
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

BAD_INPUT = 2
FAILED = 1
INTERRUPTED = 130


class UsageError(ValueError):
    """The user's mistake; the message is one line that says what is wrong and what would help."""


class ArgumentParser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage, and exit with code 2."""
        self.exit(BAD_INPUT, f"error: {message} (--help lists the options)\n")


def positive(text: str) -> int:
    """Read a whole number from 1.

    >>> positive("10")
    10
    """
    return _whole_number(text, 1)


def seed(text: str) -> int:
    """Read a seed, a whole number from 0.

    >>> seed("0")
    0
    """
    return _whole_number(text, 0)


def run_command(main: Callable[[], int]) -> int:
    """Run a command; a mistake of the user's, or of the disk's, is told in one line.

    :param main: The command
    :return: Exit code: main's, 2 for bad input, 130 after Ctrl-C or SIGTERM
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return main()
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"interrupted; to go on: {shlex.join(sys.orig_argv)}", file=sys.stderr)
        return INTERRUPTED


def _whole_number(text: str, lowest: int) -> int:
    if not text.isdecimal() or not lowest <= int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest}")
    return int(text)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
