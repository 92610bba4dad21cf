"""``python -m agents.study`` runs :mod:`agents.study.command`."""

import sys

from agents.study.command import main
from common.command_line import run_command

if __name__ == "__main__":
    sys.exit(run_command(main, None))
