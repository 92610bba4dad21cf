"""Full disks, killed writers and Ctrl-C: what is left behind, and what people are told."""

import errno
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.command_line import LONGEST_LINE, run_command, tell
from common.errors import explain_os_error
from common.files import remove_drafts, write_atomically, write_bytes, write_json


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """A limit on the size of files fails as a full disk does, and Python names no file either."""
    path = tmp_path / "run.json"
    write_json(path, {"old": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write_bytes(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert explain_os_error(caught.value) == f"File too large: {path}"
    assert [path] == list(tmp_path.iterdir())


def test_no_space_left_names_the_file_that_was_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "run.json"

    def on_a_full_disk(draft: Path) -> None:
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(b"x")

    with pytest.raises(OSError, match="No space left on device") as caught:
        write_atomically(path, on_a_full_disk)
    assert caught.value.errno == errno.ENOSPC
    assert explain_os_error(caught.value) == f"No space left on device: {path}"


def test_drafts_of_killed_processes_are_removed_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from common.files import write_atomically\n"
        "def write(draft): draft.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(Path(sys.argv[1]), write)"
    )
    for name in ("run.json", "model.zip", "weights"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=False)
    assert len(list(tmp_path.iterdir())) == 3
    kept = [".lock", "run.json", ".hidden", ".nfs0001", "a.1.json"]
    for name in kept:
        (tmp_path / name).touch()
    (tmp_path / ".folder.1.x").mkdir()
    remove_drafts(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, ".folder.1.x"])


def test_what_is_told_is_a_line_that_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    tell("error: a\nb\x1b[2J\ud800" + "x" * 10**6 + "the end")
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(r"error: a b\x1b[2J\ud800xxx")
    assert line.endswith("xxxthe end")
    assert len(line) < LONGEST_LINE + 10


def test_too_little_memory_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    def main(_argv: object) -> int:
        return len(bytearray(2**62))

    assert run_command(main) == 2
    assert capsys.readouterr().err.startswith("error: there is not enough memory")


@pytest.fixture
def _heeded() -> Iterator[None]:
    """Let processes heed Ctrl-C also where a shell has started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeded")
@pytest.mark.parametrize("module", ["train", pytest.param("study", marks=pytest.mark.slow)])
@pytest.mark.parametrize("seconds", [0.1, pytest.param(0.5, marks=pytest.mark.slow)])
def test_ctrl_c_while_modules_are_imported_is_one_line(module: str, seconds: float) -> None:
    # Python's own start is over, and the package's begun, when its __init__ says so.
    command = [sys.executable, "-X", "importtime", "-m", f"agents.{module}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.rstrip().endswith(" common.command_line"):
                break
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        told = [line for line in process.stderr if not line.startswith("import time:")]
    assert process.returncode == 130
    assert len(told) == 1
    assert told[0].startswith("interrupted")
