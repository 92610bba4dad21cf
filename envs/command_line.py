"""What the commands of this package share."""

import argparse
from typing import NoReturn

_BAD_INPUT = 2


class ArgumentParser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage, and exit with code 2."""
        self.exit(_BAD_INPUT, f"error: {message}\n")
