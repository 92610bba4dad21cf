"""Runs a module that ends with the process that started it: ``python -m common.attached MODULE``.

What follows are the module's own arguments. The starter holds the other end of a pipe to its
standard input, which closes however that process ends, be it by SIGKILL or a closed terminal.
"""

import runpy
import sys

from common.processes import end_with_input

if __name__ == "__main__":
    end_with_input()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
