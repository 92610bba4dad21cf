"""``python -m agents.probe`` runs :mod:`agents.probe.command`."""

import sys

from agents.probe.command import main
from common.command_line import run_command

if __name__ == "__main__":
    sys.exit(run_command(main, None))
