"""Where a rollout stands, and what was computed in its passes."""

from dataclasses import dataclass
from enum import Enum, auto

import torch


class Phase(Enum):
    """What a policy's fast layers do beside computing."""

    NOTHING = auto()
    KEEPING = auto()
    GIVING_BACK = auto()


@dataclass
class Passes:
    """Where a rollout stands, for all of a policy's fast layers.

    :param n_steps: Number of passes in a rollout
    :param phase: What is being done
    :param number: Which pass is being kept, from 0
    """

    n_steps: int
    phase: Phase = Phase.NOTHING
    number: int = 0


class Kept:
    """Tensors of all passes of a rollout, one behind the other."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self.tensor = torch.empty(0)

    def keep(self, tensor: torch.Tensor) -> None:
        """Copy the tensor, whose first axis is the batch, of the pass that is being kept."""
        n = len(tensor)
        shape = (self._passes.n_steps * n, *tensor.shape[1:])
        if self.tensor.shape != shape:
            layout = torch.channels_last if tensor.dim() == 4 else torch.contiguous_format
            self.tensor = torch.empty(
                shape, dtype=tensor.dtype, device=tensor.device, memory_format=layout
            )
        first = self._passes.number * n
        self.tensor[first : first + n].copy_(tensor.detach())
