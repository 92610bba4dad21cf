"""The error of the comparison, and a command line whose errors are one line, too."""

import argparse
import sys
from typing import NoReturn

from coordrl.compare.plain_text import plain


class CompareError(ValueError):
    """The runs cannot be compared; the message is one line that says why and what would help."""

    def __init__(self, message: str) -> None:
        super().__init__(plain(message))


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Say it."""
        tell_error(message)
        raise SystemExit(2)


def tell_error(message: object) -> None:
    """Print an error in one line, control characters as escapes."""
    print(plain(f"error: {message}"), file=sys.stderr)
