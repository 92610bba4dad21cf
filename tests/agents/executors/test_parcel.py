"""Runs' folders as bytes: all that belongs to a run, and nothing else."""

import io
import tarfile
from pathlib import Path

import pytest

from agents.executors import parcel
from agents.executors.parcel import pack, unpack
from common.errors import UsageError

FILES = {
    "run.json": b'{"status": "interrupted"}',
    "episodes.csv": b"timestep\n",
    "events.out.tfevents.1795000000.node-1.example.org.42.0": bytes(range(256)),
    "log.txt": b"",
    "checkpoint/0000000000128-0123456789abcdef.pt": b"older",
    "checkpoint/0000000000256-0123456789abcdef.pt": b"newer",
}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    (folder / "checkpoint").mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_folder_arrives_as_it_was(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {**FILES, ".lock": b"", ".run.42.json": b"{"})
    (source / "link.txt").symlink_to("/etc/hostname")
    target = write(tmp_path / "target", {".lock": b"", "run.json": b"{}", "old.csv": b"?"})
    (target / "checkpoint" / "0000000000064-ff.pt").write_bytes(b"another attempt's")
    unpack(pack(source), target)
    assert read(target) == {**FILES, ".lock": b""}


def archive(name: str, kind: bytes = tarfile.REGTYPE, linkname: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for member_name in ("run.json", name):
            member = tarfile.TarInfo(member_name)
            if member_name == name:
                member.type, member.linkname = kind, linkname
            tar.addfile(member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        archive("../outside"),
        archive("/tmp/outside"),
        archive("checkpoint/../../outside"),
        archive("checkpoint/deeper/file"),
        archive("elsewhere/file"),
        archive(".lock"),
        archive("with space"),
        archive("run.json\n"),
        archive("link", tarfile.SYMTYPE, "/etc/hostname"),
        archive("link", tarfile.LNKTYPE, "run.json"),
        archive("checkpoint", tarfile.DIRTYPE),
        archive("device", tarfile.CHRTYPE),
    ],
)
def test_nothing_but_plain_files_is_unpacked(content: bytes, tmp_path: Path) -> None:
    target = write(tmp_path / "a" / "b" / "target", FILES)
    with pytest.raises(UsageError, match="not a run's file"):
        unpack(content, target)
    assert read(tmp_path) == {f"a/b/target/{name}": content for name, content in FILES.items()}


@pytest.mark.parametrize("written", range(len(FILES)))
def test_a_folder_cut_short_claims_nothing(
    written: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints only beside the files that they count on, and run.json when all is there."""
    target = write(tmp_path / "target", dict.fromkeys(FILES, b"old"))
    content = pack(write(tmp_path / "source", FILES))
    done = []

    def write_bytes(path: Path, content: bytes) -> None:
        if len(done) == written:
            raise OSError(28, "No space left on device", str(path))
        path.write_bytes(content)
        done.append(path)

    monkeypatch.setattr(parcel, "write_bytes", write_bytes)
    with pytest.raises(OSError, match="No space"):
        unpack(content, target)
    found = read(target)
    assert found["run.json"] == b"old"
    checkpoints = [name for name in found if name.startswith("checkpoint/")]
    if checkpoints:
        plain = {name: text for name, text in FILES.items() if "/" not in name}
        assert all(found[name] == plain[name] for name in plain.keys() - {"run.json"})
        assert all(found[name] == FILES[name] for name in checkpoints)
