import json
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import UsageError
from common.files import locked, read_json, write_atomically, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_json(path, {"old": 1})

    def fail_half_way(draft: Path) -> None:
        draft.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail_half_way)
    assert read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_json(path, [0] * 1000)
    code = (
        "import sys; from pathlib import Path; from common.files import write_json; i = 1\n"
        "while True: write_json(Path(sys.argv[1]), [i] * 1000); i += 1"
    )
    seen = set()
    with subprocess.Popen([sys.executable, "-c", code, str(path)]) as writer:
        while len(seen) < 50:
            assert writer.poll() is None
            values = json.loads(path.read_text())
            assert len(values) == 1000
            (value,) = set(values)
            seen.add(value)
        writer.kill()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from common.files import locked\n"
        "with locked(Path(sys.argv[1]), 'the study'): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="another process"), locked(tmp_path, "the study"):
            pass
        holder.kill()
    with locked(tmp_path, "the study"):
        pass


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe\x00"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "run.json").write_bytes(damage)
    with pytest.raises(UsageError, match=r"run\.json is damaged .*delete it to start again"):
        read_json(tmp_path / "run.json")
