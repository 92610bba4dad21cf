"""What all commands do alike: one-line errors, exit codes, numbers such as 1e6."""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NoReturn

from common.errors import UsageError, explain_os_error, plain
from common.plain_yaml import read_yaml

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
LONGEST_LINE = 2000
"""Characters of a line that people are told: of more, its beginning and its end."""


class ArgumentParser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage, and exit with code 2."""
        tell(f"error: {message} (--help lists the options)")
        self.exit(BAD_INPUT)


def run_command(
    main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None
) -> int:
    """Run a command; a mistake of the user's, or of the disk's, is told in one line.

    :param argv: Its arguments, those of the process if None
    :return: Exit code: main's, 2 for bad input, 130 after Ctrl-C or SIGTERM
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is _end_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return main(argv)
    except UsageError as error:
        tell(f"error: {error}")
        return BAD_INPUT
    except OSError as error:
        tell(f"error: {explain_os_error(error)}")
        return BAD_INPUT
    except MemoryError as error:
        tell(f"error: there is not enough memory: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"interrupted; to go on: {shlex.join(sys.orig_argv)}", file=sys.stderr)
        return INTERRUPTED


def expect_interrupts() -> None:
    """Tell Ctrl-C in a line also while the modules of ``python -m ...`` are imported.

    An exception would not do: some libraries take any that comes while they are imported.
    """
    asked = sys.argv[:1] == ["-m"]
    if asked and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_at_once)


def tell(line: str) -> None:
    """Print a line on standard error, whatever a stranger has put into it."""
    line = plain(line).replace("\n", " ")
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE // 2]} ... {line[-LONGEST_LINE // 2 :]}"
    print(line, file=sys.stderr)


def whole_number(text: str, least: int = 1) -> int:
    """Read a whole number, also written 1e6 or 10_000.

    >>> whole_number("1e6"), whole_number("10_000")
    (1000000, 10000)
    """
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not (number.is_integer() and least <= number <= 1e12):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to 1e12")
    return int(number)


def whole_number_or_zero(text: str) -> int:
    """Read a whole number from 0, such as a seed.

    >>> whole_number_or_zero("0")
    0
    """
    return whole_number(text, least=0)


def key_value(text: str) -> tuple[str, Any]:
    """Read one of RL Zoo's ``name:value`` pairs, the value as YAML.

    >>> key_value("n_steps:8"), key_value("learning_rate:lin_1e-4")
    (('n_steps', 8), ('learning_rate', 'lin_1e-4'))
    """
    name, colon, value = text.partition(":")
    if not (name and colon and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name:value")
    try:
        return name, read_yaml(value)
    except ValueError as error:
        message = f"the value of {text!r} is not valid YAML: {error}"
        raise argparse.ArgumentTypeError(message) from None


def _end_at_once(_signal: int, _frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
