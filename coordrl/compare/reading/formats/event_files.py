"""TensorBoard's event files: scalars as SB3 and CleanRL log them.

An event file is a sequence of records: the length (8 bytes), its checksum (4), an ``Event``
message, its checksum (4). They are walked here because TensorBoard's own readers take five to
fourteen times as long (they decode every tag, in Python) and do not tell the end of a file from
a damaged record.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.util import tensor_util

from coordrl.compare.reading.files import UnusableError, one_line, opened
from coordrl.compare.reading.points import (
    CLEANRL_RETURN,
    SB3_RETURN,
    Points,
    kept_after_resuming,
    make_points,
    no_such_tag,
    what_of,
)

_LENGTH, _CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
_HEAD = _LENGTH.size + _CHECKSUM.size
_CUT_OFF = "its last record is half-written and left out"


#: Bytes of the largest file that is read; of the largest record that may hold scalars; of all
#: records with the tag, whose checksums take a second a megabyte; and the most records.
LARGEST_EVENTS = 4 * 2**30
_LARGEST_RECORD, _MOST_BYTES, _MOST_RECORDS = 2**20, 24 * 2**20, 2_000_000
# Records that are searched for the tags there are.
_SEARCHED = 10_000
# Seconds by which clocks may be corrected between two processes.
_SLACK = 1.0


class _DamagedError(ValueError):
    """The rest of a file cannot be read; the message says from where on."""


@dataclass(eq=False)
class _File:
    """The scalars of one file under one tag."""

    name: str
    started: float = 0.0
    steps: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_event_files(paths: Sequence[Path], tag: str | None = None) -> Points:
    """Read the curve in the event files of a run.

    Several files are those of a run that was resumed: where they overlap the later wins.

    :param tag: of the scalars, by default ``rollout/ep_rew_mean`` or ``charts/episodic_return``
    :raises UnusableError: if there is no such scalar
    """
    tags = [tag] if tag else [SB3_RETURN, CLEANRL_RETURN]
    damages: list[str] = []
    for wanted in tags:
        files = [_read_file(path, wanted) for path in paths]
        files.sort(key=lambda file: (file.started, file.name))
        damages = [note for file in files for note in file.notes]
        if any(file.steps for file in files):
            return _join(wanted, files, damages)
    missing = no_such_tag("the event file", tags[0], _tags(paths))
    raise UnusableError("; ".join([str(missing), *damages]))


def _join(tag: str, files: Sequence[_File], notes: list[str]) -> Points:
    _check_one_after_another(files)
    walls: list[np.ndarray] = []
    worked = 0.0
    for file in files:
        # The time between the end of one process and the start of the next is not the run's.
        walls.append(np.array(file.times) - file.started + worked)
        worked = max(worked, walls[-1].max(initial=0.0))
    logged = [(file.name, np.array(file.steps)) for file in files]
    keep, resumed = kept_after_resuming(logged)
    return make_points(
        what_of(tag),
        np.concatenate([steps for _, steps in logged])[keep],
        np.array([value for file in files for value in file.values])[keep],
        np.concatenate(walls)[keep],
        notes=[*notes, *resumed],
    )


def _check_one_after_another(files: Sequence[_File]) -> None:
    """Check that files are a run and its resumptions, not runs at the same time in one folder."""
    written = [file for file in files if file.times]
    for earlier, later in pairwise(written):
        if max(earlier.times) > later.started + _SLACK:
            raise UnusableError(
                f"{earlier.name} and {later.name} were written at the same time, so they are not "
                f"one run that was resumed: put each run into a folder of its own"
            )


def _read_file(path: Path, tag: str) -> _File:
    """Read the scalars of one file up to its end or the first damage, which is noted."""
    file = _File(path.name)
    try:
        for number, record in enumerate(_records(path, tag.encode())):
            event = Event.FromString(record)
            if number == 0:
                file.started = event.wall_time
            for value in event.summary.value:
                if value.tag == tag:
                    file.steps.append(event.step)
                    file.values.append(_scalar(value))
                    file.times.append(event.wall_time)
    except (_DamagedError, DecodeError, OSError, UnusableError) as error:
        file.notes.append(f"{path.name}: {one_line(error)}")
    return file


def _records(path: Path, text: bytes = b"") -> Iterator[bytes]:
    """Yield the first message of a file, and all that contain a text.

    :raises _DamagedError: where one is cut off or does not fit its checksum
    """
    checked = 0
    for position, record, checksum in _all_records(path):
        if position == 0 or text in record:
            checked += len(record)
            if checked > _MOST_BYTES:
                raise _DamagedError(f"no more than {_MOST_BYTES:,} bytes of the tag are read")
            _check_sum(record, checksum, position)
            yield record


def _all_records(path: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield where each record begins, its message and checksum; too large ones are passed over."""
    with opened(path, LARGEST_EVENTS) as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise _DamagedError("the file is empty")
        position = 0
        for _ in range(_MOST_RECORDS):
            head = file.read(_HEAD)
            if not head:
                return
            if len(head) < _HEAD:
                raise _DamagedError(_CUT_OFF)
            _check_sum(head[: _LENGTH.size], head[_LENGTH.size :], position)
            end = position + _HEAD + _LENGTH.unpack_from(head)[0] + _CHECKSUM.size
            if end > size:
                raise _DamagedError(_CUT_OFF)
            length = end - position - _HEAD - _CHECKSUM.size
            if length > _LARGEST_RECORD:  # a picture, perhaps; a scalar never
                file.seek(end)
            else:
                yield position, file.read(length), file.read(_CHECKSUM.size)
            position = end
        raise _DamagedError(f"no more than {_MOST_RECORDS:,} records are read")


def _check_sum(content: bytes, checksum: bytes, position: int) -> None:
    if masked_crc32c(content) != _CHECKSUM.unpack(checksum)[0]:
        raise _DamagedError(f"damaged at byte {position:,}; from there on it is not read")


def _scalar(value: Summary.Value) -> float:
    """Return a scalar as SB3 and torch write it, or as a tensor, as TensorFlow 2 does."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    try:
        return float(tensor_util.make_ndarray(value.tensor).item())
    except (TypeError, ValueError) as error:
        raise _DamagedError(f"{value.tag} is not a scalar: {one_line(error)}") from error


def _tags(paths: Sequence[Path]) -> set[str]:
    tags: set[str] = set()
    for path in paths:
        try:
            for record in islice(_records(path), _SEARCHED):
                tags |= {value.tag for value in Event.FromString(record).summary.value}
        except (_DamagedError, DecodeError, OSError, UnusableError):
            continue
    return tags
