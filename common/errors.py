"""What a user can put right, said in one line."""

import re
from difflib import get_close_matches

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, of terminals and of the direction of text, and halves of characters."""


class UsageError(ValueError):
    """A mistake in a command line, a YAML file or a run's folder, explained in one line."""


def plain(text: str) -> str:
    r"""Return a text that a terminal shows as it is: control characters become escapes.

    >>> plain("a\x1b[31mred")
    'a\\x1b[31mred'
    """
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def near_names(name: str, names: list[str]) -> str:
    """Suggest the nearest of the valid names, or list them all.

    >>> near_names("coord-frist", ["standard", "coord", "coord-first"])
    'did you mean coord-first or coord?'
    >>> near_names("x", ["a2c", "ppo"])
    'use one of a2c, ppo'
    """
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(names)}"


def explain_os_error(error: OSError) -> str:
    """Say in one line what the system refused, and where.

    >>> explain_os_error(OSError(28, "No space left on device", "runs/study.json"))
    'No space left on device: runs/study.json'
    """
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"
