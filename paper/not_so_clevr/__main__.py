"""``python -m paper.not_so_clevr``."""

import sys

from common.command_line import run_command
from paper.not_so_clevr.command import main

if __name__ == "__main__":
    sys.exit(run_command(main))
