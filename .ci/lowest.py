"""Prints what pip is to install for `make test-lowest`: the lowest versions that pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
for requirement in project["dependencies"] + project["optional-dependencies"]["contrib"]:
    name, lowest = requirement.split(">=")
    # 1.21 is the series: its first releases have no wheels for this Python. 0.29.1 is itself.
    print(f"{name}=={lowest}" if re.fullmatch(r"\d+\.\d+\.\d+", lowest) else f"{name}=={lowest}.*")
