"""Prints the lowest versions that pyproject.toml allows, as pip is to install them."""

import re
from pathlib import Path

import tomllib

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
for requirement in project["dependencies"] + project["optional-dependencies"]["contrib"]:
    name, lowest = requirement.split(">=")
    # 1.21 is the series: its first releases have no wheels for this Python. 0.29.1 is itself.
    print(f"{name}=={lowest}" if re.fullmatch(r"\d+\.\d+\.\d+", lowest) else f"{name}=={lowest}.*")
