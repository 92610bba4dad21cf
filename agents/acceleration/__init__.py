"""Makes A2C and PPO faster than SB3 runs them, with results equal to SB3's up to rounding.

:func:`accelerate` is applied to every run's model, whatever its arm, so that arms stay matched.
"""

from agents.acceleration.accelerate import accelerate
from agents.acceleration.process import prepare_process
from agents.acceleration.start import keep_dynamo_out

__all__ = ["accelerate", "keep_dynamo_out", "prepare_process"]
