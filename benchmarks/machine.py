"""What a benchmark's figures were measured on."""

import os
import platform
from importlib.metadata import version
from typing import Any

import torch


def machine() -> dict[str, Any]:
    """Describe the processor and the versions that matter for speed."""
    packages = ("torch", "numpy", "stable-baselines3", "ale-py")
    return {
        "cores": os.cpu_count(),
        **({"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
