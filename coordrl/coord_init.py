"""Initial coordinate weights, drawn without touching torch's global random state."""

import hashlib

import torch
from torch import nn


def draw_concatenated(shape: torch.Size, weight: torch.Tensor, *, orthogonal: bool) -> torch.Tensor:
    """Draw the weight of a convolution of [x, coordinates].

    :param shape: Its shape
    :param weight: The weight of the plain convolution, which tells layers apart
    :param orthogonal: Whether as SB3's ``ortho_init``, not as torch
    :return: The numbers, on the CPU, in single precision or better
    """
    dtype = torch.promote_types(torch.get_default_dtype(), torch.float32)
    concatenated = torch.empty(shape, dtype=dtype, device="cpu")
    generator = _private_generator(weight)
    if orthogonal:
        return nn.init.orthogonal_(concatenated, gain=2**0.5, generator=generator)
    return nn.init.kaiming_uniform_(concatenated, a=5**0.5, generator=generator)


def write(parameter: torch.Tensor, values: torch.Tensor) -> None:
    """Copy numbers into a parameter, which may lie in parts on several devices (FSDP2)."""
    if _is_distributed(parameter):
        from torch.distributed.tensor import distribute_tensor  # seldom needed

        values = values.to(parameter.device)
        values = distribute_tensor(values, parameter.device_mesh, parameter.placements)  # type: ignore[attr-defined]
    parameter.copy_(values)


def _private_generator(weight: torch.Tensor) -> torch.Generator:
    """Make a generator that is decided by the global seed and differs from layer to layer.

    A copy of the global state would repeat the numbers that other layers draw. The layer's
    own weights and the global state tell layers of one model apart.
    """
    whole: torch.Tensor = weight.full_tensor() if _is_distributed(weight) else weight  # type: ignore[attr-defined]
    state = hashlib.sha256(str(torch.initial_seed()).encode())
    state.update(torch.get_rng_state().numpy().tobytes())
    state.update(repr((tuple(whole.shape), whole.flatten()[:64].tolist())).encode())
    return torch.Generator().manual_seed(int.from_bytes(state.digest()[:7], "big"))


def _is_distributed(tensor: torch.Tensor) -> bool:
    """Whether it is a DTensor, which few programs import."""
    return hasattr(tensor, "full_tensor")
