"""``python -m paper.gan``."""

import sys

from common.command_line import run_command
from paper.gan.command import main

if __name__ == "__main__":
    sys.exit(run_command(main))
