"""RL Zoo's log folders: ``logs/<algorithm>/<game>_<number>/``.

Beside the usual files, ``<game>/args.yml`` and ``config.yml`` hold the command line and the
hyper-parameters, as Python objects in YAML. They are read as plain lists: nothing in them is
ever constructed.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from coordrl.compare.reading.files import (
    LATEST,
    UnusableError,
    one_line,
    read_complete_lines,
    required,
)

# Bytes of the largest record that is read: they have a few thousand.
_LARGEST = 2**18


@dataclass(frozen=True, kw_only=True)
class ZooRun:
    """What RL Zoo recorded of a run.

    :param n_timesteps: the length that was asked for, or None
    :param n_envs: parallel environments, or None
    :param settings: its command line and its hyper-parameters
    """

    game: str
    algorithm: str
    seed: int | None
    n_timesteps: int | None
    n_envs: int | None
    settings: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, str]:
        """Return what is known of the run in the words of a pattern."""
        known = {"game": self.game, "algorithm": self.algorithm}
        return known if self.seed is None else {**known, "seed": str(self.seed)}


class _Loader(yaml.SafeLoader):
    """YAML without Python objects: what stands for one is read as the list it is made of."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave "<<" alone: merges of merges of merges fill any memory."""


def _plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)


def read_zoo_run(folder: Path) -> ZooRun | None:
    """Read what RL Zoo recorded of a run.

    :return: the record, or None if the folder is not RL Zoo's
    :raises UnusableError: if the record is damaged
    """
    found = sorted(folder.glob("*/args.yml"))
    if not found:
        return None
    if found[0].parent.is_symlink():
        raise UnusableError(f"{found[0].parent.name} is a link: records are not read through links")
    arguments = _read_pairs(found[0])
    config_file = found[0].with_name("config.yml")
    config = _read_pairs(config_file) if os.path.lexists(config_file) else {}
    # On the command line -1 stands for what was not given; what was replaces the configuration's.
    asked, configured = _whole(arguments, "n_timesteps"), _whole(config, "n_timesteps")
    return ZooRun(
        game=required(arguments, "env", str),
        algorithm=required(arguments, "algo", str),
        seed=_whole(arguments, "seed", least=0),
        n_timesteps=configured if asked is None else asked,
        n_envs=(_whole(config, "n_envs") or 1) if config else None,
        settings={**arguments, **config},
    )


def _read_pairs(path: Path) -> dict[str, Any]:
    """Read an ``OrderedDict`` or a plain mapping."""
    text, half_written = read_complete_lines(path, _LARGEST)
    if half_written:
        raise UnusableError(f"{path.name} is half-written")
    try:
        content = yaml.load(text, Loader=_Loader)
        if isinstance(content, list) and len(content) == 1:
            content = content[0]  # the only argument of OrderedDict
        return {str(name): value for name, value in dict(content).items()}
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise UnusableError(f"{path.name} is not readable: {one_line(error)}") from error


def _whole(pairs: dict[str, Any], name: str, least: int = 1) -> int | None:
    """Return a whole number, which YAML may hold as a float; None where it is absent or lower."""
    if pairs.get(name) is None:
        return None
    value = required(pairs, name, float)
    return int(value) if least <= value <= LATEST else None
