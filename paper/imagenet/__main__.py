"""``python -m paper.imagenet``."""

import sys

from common.command_line import run_command
from paper.imagenet.command import main

if __name__ == "__main__":
    sys.exit(run_command(main))
