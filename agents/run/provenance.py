"""What a result was made with: versions, commit, machine."""

import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

#: What has torch and oneDNN compute as on a CPU without AVX-512. Set before Python starts.
WITHOUT_AVX512 = "ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2"
PACKAGES = ("coordrl", "torch", "stable-baselines3", "gymnasium", "ale-py", "numpy")


@cache
def provenance() -> dict[str, Any]:
    """Describe the software and the machine of this process."""
    return {
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "git": _git(),
        "cpu": _cpu_model(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
    }


def builds(facts: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Name what a run's bits depend on besides its configuration: software and kind of CPU.

    :param facts: A provenance, this process's if None
    """
    facts = provenance() if facts is None else facts
    git = facts["git"] or {}
    return {
        **facts["versions"],
        "python": facts["python"],
        "cpu": facts["cpu"],
        "cpu_capability": facts["cpu_capability"],
        "commit": str(git.get("commit")),
    }


def changed_builds(made_with: Mapping[str, str]) -> list[str]:
    """Name the builds that are others here.

    :param made_with: The builds that something was made with
    """
    here = builds()
    return [name for name, value in made_with.items() if here.get(name) != value]


def _git() -> dict[str, Any] | None:
    """Return the clone's commit and whether files differed from it; None outside a clone."""
    root = Path(__file__).parents[2]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
