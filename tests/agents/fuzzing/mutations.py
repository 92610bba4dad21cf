"""Values, bytes and tables with something wrong in them."""

import copy
import hashlib
import io
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from tests.agents.fuzzing.words import ODD, PLACEHOLDERS


def mutated(values: Any, rng: random.Random, odd: Sequence[Any]) -> Any:
    """Return a copy of nested values that is wrong somewhere."""
    values = copy.deepcopy(values)
    place, key = rng.choice(list(_places(values)))
    kind = rng.choice(["replace", "replace", "replace", "remove", "rename", "nest", "text"])
    if kind == "remove":
        del place[key]
    elif kind == "rename" and isinstance(place, dict):
        place[rng.choice([f"{key}x", str(key)[::-1], "", "\x1b[2J", "config"])] = place.pop(key)
    elif kind == "nest":
        place[key] = rng.choice([[place[key]], {"x": place[key]}, [place[key]] * 2])
    elif kind == "text":
        place[key] = str(place[key])
    else:
        place[key] = copy.deepcopy(rng.choice(odd))
    return values


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(values, dict):
        items = list(values.items())
    elif isinstance(values, list):
        items = list(enumerate(values))
    for key, value in items:
        yield values, key
        yield from _places(value)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return bytes that a disk, an editor or a stranger has changed."""
    at, to = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    flipped = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 50))):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    lines = content.splitlines(keepends=True)
    return rng.choice(
        [
            content[:at],
            content[:at] + content[to:],
            content[:at] + bytes(to - at) + content[to:],
            content[:at] + rng.randbytes(30) + content[at:],
            bytes(flipped),
            b"\xef\xbb\xbf" + content,
            content.replace(b"\n", b"\r\n"),
            b"".join(rng.sample(lines, len(lines))),
            content + content,
            b"",
            b"\0" * len(content),
            content.decode(errors="replace").encode("utf-16"),
        ]
    )


def change_checkpoint(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Put other contents into a checkpoint, with their own right hash."""
    state = change(torch.load(path, weights_only=True))
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    path.unlink()
    digest = hashlib.sha256(content).hexdigest()[:32]
    path.with_name(f"{path.stem.partition('-')[0]}-{digest}.pt").write_bytes(content)


def damaged_record(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.25:
        return damaged(content, rng)
    values = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        values = mutated(values, rng, ODD)
        if not isinstance(values, dict) or not values:
            break
    return filled(json.dumps(values, indent=2)).encode()


def filled(text: str) -> str:
    """Put in what no library would write: deep nesting, and numbers of thousands of digits."""
    for name, filling in PLACEHOLDERS.items():
        text = re.sub(rf"""["']?{name}["']?""", lambda _, filling=filling: filling, text)  # type: ignore[misc]
    return text


def damaged_table(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return damaged(content, rng)
    rows = [line.split(b",") for line in content.splitlines()]
    odd = [
        b"",
        b"nan",
        b"inf",
        b"-1",
        b"1e999",
        b"9" * 5000,
        b"x",
        b'"',
        b"\0",
        b"\xff",
        b"=1",
        b",",
    ]
    for _ in range(rng.choice((1, 2, 20))):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(odd)
    return b"\n".join(b",".join(row) for row in rows) + b"\n"
