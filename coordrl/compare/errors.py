"""The error of the comparison, and a command line whose errors are one line, too."""

import argparse
import sys
from typing import NoReturn


class CompareError(ValueError):
    """The runs cannot be compared; the message is one line that says why and what would help."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Say it."""
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(2)
