"""``python -m paper``: the experiments, what each takes, and what was found."""

import sys
from collections.abc import Sequence

from common.command_line import ArgumentParser, run_command
from paper.experiments import EXPERIMENTS


def main(argv: Sequence[str] | None = None) -> int:
    """List the experiments."""
    parser = ArgumentParser(
        prog="python -m paper",
        description="Lists the CoordConv paper's experiments, what each takes and what was found; "
        "docs/paper.md tells more.",
    )
    parser.parse_args(argv)
    for experiment in EXPERIMENTS:
        print("\n".join(experiment.lines()))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
