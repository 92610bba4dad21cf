"""Lets a process keep the memory that it frees, for the next batch."""

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_freed_memory() -> None:
    """Keep freed memory instead of giving it back to the system, where the C library is glibc.

    A batch's tensors have megabytes each. glibc asks the system for such memory anew every time,
    which hands it out page by page, each filled with zeros.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, -1)  # never
