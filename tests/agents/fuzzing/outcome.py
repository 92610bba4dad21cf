"""What a command makes of an input."""

import contextlib
import io
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType

from common.command_line import BAD_INPUT, run_command
from common.errors import plain

Main = Callable[[Sequence[str] | None], int]

TIME_LIMIT = 60.0
"""Seconds that a command may take."""
MEMORY_LIMIT = 2 * 2**30
"""Bytes that the process may grow by, over all inputs."""


@dataclass(frozen=True)
class Input:
    """A command, its arguments, and what is wrong with them or with what they name."""

    name: str
    main: Main
    argv: list[str]


@dataclass(frozen=True)
class Outcome:
    """What a command made of an input.

    :param code: The exit code, None if there was none
    :param error: The traceback, if an exception came out of the command
    """

    code: int | None
    printed: str
    told: str
    error: str = ""

    def fault(self) -> str:
        """Say what is wrong with the outcome, nothing if it is as promised."""
        if self.error:
            return self.error
        if self.code not in (0, 1, 2):
            return f"exit code {self.code}"
        lines = self.told.splitlines()
        if self.code == BAD_INPUT and not (lines and lines[-1].startswith("error: ")):
            return f"no error is told: {lines}"
        if any("Traceback" in line or len(line) > 10_000 for line in lines):
            return f"no line for people: {self.told[:3000]}"
        if any(plain(text) != text for text in (self.told, self.printed)):
            return f"control characters: {self.told!r:.3000} {self.printed!r:.3000}"
        return ""


class TooSlowError(BaseException):
    """A command has taken longer than it may."""


def outcome_of(wrong: Input) -> Outcome:
    """Run a command in this process, within a limit of time."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    code, error = None, ""
    sys.stdout, sys.stderr, kept = out, err, (sys.stdout, sys.stderr)
    try:
        with _limited(TIME_LIMIT):
            code = run_command(wrong.main, wrong.argv)
    except SystemExit as exit_:  # argparse's way
        code = exit_.code if isinstance(exit_.code, int) else None
    except (Exception, TooSlowError):  # noqa: BLE001  (whatever comes out is what is looked for)
        error = traceback.format_exc()
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = kept
    printed, told = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return Outcome(code, printed, told, error)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def memory() -> int:
    """Return the most bytes that this process has had so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
