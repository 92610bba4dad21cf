"""``python -m paper.detection``."""

import sys

from common.command_line import run_command
from paper.detection.command import main

if __name__ == "__main__":
    sys.exit(run_command(main))
