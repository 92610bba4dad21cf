"""What training processes share: imported by the one from which those of this machine are forked.

``multiprocessing`` imports it for :mod:`agents.forking`; it is of no use anywhere else.
"""

import gc
import sys

import agents.study
import agents.training
from agents.provenance import provenance

# Processes of a study's would otherwise run its main module again, each its own.
sys.modules["__main__"] = agents.study
# Of the code as it is now, whatever is checked out while the study lasts.
provenance()
# The collector is not to write to memory that they share.
gc.collect()
gc.freeze()
