"""What training processes share: imported by the one from which those of this machine are forked.

``multiprocessing`` imports it for :mod:`agents.executors.local`; it is of no use anywhere else.
"""

import gc

from agents.run.provenance import provenance

# Of the code as it is now, whatever is checked out while the study lasts.
provenance()
# The collector is not to write to memory that they share.
gc.collect()
gc.freeze()
