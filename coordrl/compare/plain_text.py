"""Texts that others wrote, without what would drive a terminal or turn the text around."""

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

# Control characters of terminals and of the direction of text, and halves of characters, which a
# name that is no UTF-8 is made of.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_T = TypeVar("_T")


def plain(text: str) -> str:
    r"""Return a text as a line that a terminal shows as it is: control characters become escapes.

    >>> plain("a\x1b[31mred\nline")
    'a\\x1b[31mred line'
    """
    line = re.sub(r"[ \t\r\n]*[\t\r\n][ \t\r\n]*", " ", text)
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], line)


def plainly(value: _T) -> _T:
    """Return a record, a list or an object with all its texts made :func:`plain`."""
    return cast("_T", _plainly(value))


def _plainly(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {_plainly(name): _plainly(item) for name, item in value.items()}
    if isinstance(value, tuple):
        items = map(_plainly, value)
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [_plainly(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _plainly(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **changed)
    return value
