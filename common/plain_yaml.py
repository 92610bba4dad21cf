"""YAML that people write: plain values, no key twice, nothing that grows when it is read."""

from collections import Counter
from typing import Any

import yaml

from common.errors import plain

DEEPEST = 32
"""Lists and mappings within one another at most."""
MOST_VALUES = 100_000
"""Values at most, those that are repeated by ``*name`` counted as often as they appear."""
_LARGEST = 10**100  # a number that can be written with a few thousand digits is not always shown


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Make a dict of a mapping."""
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        keys = Counter(key.value for key, _ in pairs if isinstance(key.value, str))
        for name, times in keys.items():
            if times > 1 and name != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!r} is given twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> Any:
    """Read YAML of plain values: mappings with texts as keys, lists, texts, numbers, true, null.

    >>> read_yaml("{n_steps: 8}")
    {'n_steps': 8}

    :raises ValueError: In one line, if it is not valid, or holds anything else or too much of it
    """
    try:
        values = yaml.load(text, _Loader)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        # PyYAML's constructors raise whatever a value that is none of their kind leads to.
        named = isinstance(error, (yaml.YAMLError, ValueError))
        words = str(error) if named else f"{type(error).__name__}: {error}"
        raise ValueError(" ".join(words.split())) from None
    _check_plain(values)
    return values


def _check_plain(values: Any) -> None:
    waiting = [(values, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_VALUES:
            raise ValueError("it is nested too deep" if depth > DEEPEST else "it is too large")
        if isinstance(value, dict):
            for name in value:
                if not isinstance(name, str):
                    raise ValueError(f"{name!r:.100} is a key: keys must be texts")
                waiting.append((name, depth))
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
        else:
            _check_single(value)


def _check_single(value: Any) -> None:
    if isinstance(value, str):
        if plain(value) != value:
            raise ValueError(f"{value!a:.100} has control characters or halves of characters")
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            raise ValueError("it has a number of more than a hundred digits")
    elif not isinstance(value, float | None):
        kind = type(value).__name__
        raise ValueError(f"it has a {kind}, which is no text, number, list or mapping: quote it")
