"""What a process is told before it trains."""

import ctypes
import platform

import torch

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


def prepare_process(num_threads: int) -> None:
    """Set up this process for training, with that many of torch's threads."""
    torch.set_num_threads(num_threads)
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Keep freed memory instead of giving it back to the system, where the C library is glibc.

    A minibatch's tensors come to a hundred megabytes. Given back after each, they have to be asked
    for again, and the system hands them out page by page, each filled with zeros.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, -1)  # never
