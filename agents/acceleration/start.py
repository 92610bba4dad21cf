"""Lets a run start sooner."""

from torch.optim import Optimizer

_METHODS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def keep_dynamo_out() -> None:
    """Spare optimizers the import of ``torch._dynamo``, torch's compiler: about two seconds.

    torch imports it when an optimizer's method is first called, to keep the compiler out of that
    method, and remembers the method to call instead. Nothing is compiled here, so that this is
    the method itself. A torch that goes about it in another way imports what it likes, and Adam
    imports it at its first step.
    """
    for name in _METHODS:
        method = getattr(getattr(Optimizer, name), "__wrapped__", None)
        if method is not None and not hasattr(method, "__dynamo_disable"):
            setattr(method, "__dynamo_disable", method)
