"""Check that runs repeat themselves here: ``python -m agents.verify RUN...``."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agents.run.display import describe, run_display
from agents.run.folder import RunFolder
from agents.run.provenance import WITHOUT_AVX512, builds, changed_builds
from agents.run.settings import add_trust
from common.command_line import ArgumentParser, run_command
from common.errors import UsageError

DIFFERENT = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Train the beginning of runs again and compare the weights, bit for bit.

    :param argv: Arguments, those of the process if None
    :return: Exit code: 1 if a run differs
    """
    arguments = _parser().parse_args(argv)
    folders = [RunFolder(path).trusted(arguments.trust) for path in arguments.runs]
    firsts = [first_fingerprint(folder) for folder in folders]  # before any is trained
    agreed = [verify(folder, first) for folder, first in zip(folders, firsts, strict=True)]
    return 0 if all(agreed) else DIFFERENT


def first_fingerprint(folder: RunFolder) -> int:
    """Return the first timestep at which the hash of a run's weights is known.

    :raises UsageError: If none is
    """
    folder.config  # noqa: B018  (names what is wrong with the folder, before anything else)
    known = folder.record.get("fingerprints")
    if not known:
        raise UsageError(f"{folder.path} has no fingerprint yet: it has not come to its first mark")
    return min(int(timestep) for timestep in known)


def verify(folder: RunFolder, timestep: int) -> bool:
    """Train a run again, elsewhere, up to a fingerprint; print whether the bits agree.

    :param folder: The run's folder, which is only read
    :return: Whether they agree
    """
    # Training imports TensorBoard: not before the command line is known to be right.
    from agents.training.execute import execute

    config = folder.config
    with tempfile.TemporaryDirectory(prefix="verify-") as temporary:
        again = RunFolder(Path(temporary, "run"))
        again.plan(config)
        with run_display(config) as report:
            execute(again, report, stop_at=timestep)
        differing = _differences(folder, again, timestep)
    verdict = f"{' and '.join(differing)} differ" if differing else "the same bits"
    print(f"{folder.path}: {describe(config)}: {verdict} up to timestep {timestep:,}")
    if differing:
        theirs = builds(folder.record["provenance"])
        changed = changed_builds(theirs)
        print(f"  other builds: {', '.join(changed)}" if changed else "  made with these builds")
        if (theirs["cpu_capability"], builds()["cpu_capability"]) == ("AVX2", "AVX512"):
            print(f"  to compute without AVX-512, as its machine did: {WITHOUT_AVX512} python ...")
    return not differing


def _differences(theirs: RunFolder, ours: RunFolder, timestep: int) -> list[str]:
    """Name what differs between a run and its repetition."""
    differing = []
    key = str(timestep)
    if theirs.record["fingerprints"][key] != ours.record["fingerprints"].get(key):
        differing.append("weights")
    if theirs.games(timestep) != ours.games(timestep):
        differing.append("games")
    return differing


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="python -m agents.verify",
        description="Train runs again up to their first mark, elsewhere, and compare the bits.",
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folder of a run")
    add_trust(parser)
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main, None))
