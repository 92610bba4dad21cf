"""Ports for servers of this machine."""

import random
import socket
from contextlib import suppress


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens to, below those that the kernel gives away meanwhile."""
    found: list[int] = []
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as each, suppress(OSError):
            each.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            break
    return found
