"""Runs commands in forks of one process that has imported what takes long, for many commands.

What runs is ``python -m`` all the same: the module as ``__main__``, in a process of its own.
"""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

LONG = ("agents.training.execute", "coordrl.compare", "matplotlib.pyplot", "scipy.stats")


class Forks:
    """The client: starts the process, and tells it what to run.

    :param folder: For what commands print
    """

    def __init__(self, folder: Path) -> None:
        self.output = folder / "output.txt"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks"],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, words: list[str], folder: Path) -> tuple[int, str]:
        """Run ``python -m WORDS`` in a folder; return its exit code and all that it printed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"words": words, "folder": str(folder), "output": str(self.output)}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()), self.output.read_text()

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def serve() -> None:
    """Fork for every line of standard input, and print the exit code."""
    for module in LONG:
        __import__(module)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(**json.loads(line))
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def become(words: list[str], folder: str, output: str) -> None:
    """Be the command: what it raises, ``SystemExit`` too, ends this process as it would end it."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    os.chdir(folder)
    sys.path[0] = folder
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve()
