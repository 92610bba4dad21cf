"""The error of the comparison, and a command line whose errors are one line, too."""

import argparse
import re
import sys
from typing import NoReturn

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, of terminals and of the direction of text, and halves of characters."""


class CompareError(ValueError):
    """The runs cannot be compared; the message is one line that says why and what would help."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Say it."""
        tell_error(message)
        raise SystemExit(2)


def tell_error(message: object) -> None:
    """Print an error in one line, control characters as escapes."""
    line = _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], str(message))
    print(f"error: {line}", file=sys.stderr)
