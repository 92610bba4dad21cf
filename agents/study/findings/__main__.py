"""``python -m agents.study.findings`` runs :mod:`agents.study.findings.command`."""

import sys

from agents.study.findings.command import main
from common.command_line import run_command

if __name__ == "__main__":
    sys.exit(run_command(main, None))
