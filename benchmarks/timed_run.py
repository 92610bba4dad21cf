"""Trains a planned run as a study's process does, and writes marks: ``RUN MARKS``."""

import sys
from pathlib import Path

from agents.run.folder import RunFolder
from agents.training.execute import execute
from benchmarks.marks import write_mark

if __name__ == "__main__":
    run, marks = sys.argv[1:]
    execute(RunFolder(Path(run)), lambda progress: write_mark(marks, progress.timesteps))
