"""SB3's RMSprop for A2C, with its five steps taken block by block."""

from collections.abc import Callable

import torch
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike

BLOCK = 2**16
"""Numbers a block: three arrays of them stay in a core's cache."""


class BlockedRMSpropTFLike(RMSpropTFLike):
    """SB3's ``RMSpropTFLike``: the same bits, sooner.

    SB3's takes every step over a whole parameter before the next, and NatureCNN's dense layer has
    6 MB: each step would fetch all of it from memory again. With momentum, centred, with weight
    decay, or for tensors that are not contiguous it is SB3's own.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # as SB3's
        """Take an optimisation step.

        :param closure: Evaluates the loss again, if given
        :return: What the closure returned
        """
        if closure is not None or not all(self._is_plain(group) for group in self.param_groups):
            return super().step(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group["lr"], group["alpha"], group["eps"])
        return None

    @staticmethod
    def _is_plain(group: dict[str, object]) -> bool:
        parameters = group["params"]
        assert isinstance(parameters, list)
        return not (group["momentum"] or group["centered"] or group["weight_decay"]) and all(
            p.is_cpu and p.is_contiguous() and (p.grad is None or p.grad.is_contiguous())
            for p in parameters
        )

    def _update(self, parameter: torch.Tensor, lr: float, alpha: float, eps: float) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            state["square_avg"] = torch.ones_like(parameter)
        state["step"] += 1
        assert parameter.grad is not None
        tensors = (parameter, parameter.grad, state["square_avg"])
        for value, grad, square_avg in zip(
            *(tensor.view(-1).split(BLOCK) for tensor in tensors), strict=True
        ):
            square_avg.mul_(alpha).addcmul_(grad, grad, value=1 - alpha)
            value.addcdiv_(grad, square_avg.add(eps).sqrt_(), value=-lr)
