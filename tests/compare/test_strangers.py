"""What a stranger's folder cannot do: drive a terminal, a spreadsheet, fill memory, or wait."""

import csv
import json
import os
import re
import resource
import socket
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from coordrl.compare.command import main
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.files import UnusableError, read_json, read_text, required
from coordrl.compare.reading.formats.zoo import read_zoo_run
from coordrl.compare.reading.study import Request, read_study
from coordrl.compare.writing.markdown import _block
from coordrl.compare.writing.tables import _text_cell
from tests.compare.run_folders import write_run

ESCAPES = "\x1b[31m\x07\u202e\x9b"


def test_nothing_is_printed_or_written_raw(tmp_path, capsys):
    for seed in (0, 1):
        for arm in ("standard", f"coord{ESCAPES}"):
            write_run(tmp_path / "runs", "Pong", "ppo", f"x{arm[:1]}", seed, 1.0 + seed, arm=arm)
    write_run(tmp_path / "runs", "Pong", "ppo", "xs", 2, 1.0, status="failed", error=ESCAPES)
    write_run(tmp_path / "runs", "Pong", "ppo", "xs", 3, 1.0, protocol=7, error=ESCAPES)
    strange = tmp_path / "runs" / os.fsdecode(b"\xff\x1b[0m")
    write_run(strange, "Pong", "ppo", "xs", 4, 1.0, format=f"{ESCAPES}")
    assert main([str(tmp_path / "runs")]) == 0
    texts = [capsys.readouterr().out]
    texts += [
        (tmp_path / "runs" / "comparison" / name).read_text()
        for name in ("comparison.csv", "comparison.md", "comparison.json", "report.html")
    ]
    for text in texts:
        assert not set(ESCAPES) - set("[31m") & set(text)
        assert "x1b" in text


def test_errors_are_not_printed_raw(tmp_path, capsys):
    for given in (
        ["x", "--no\x1b[31m"],
        [str(tmp_path / ESCAPES)],
        ["plan", str(tmp_path / ESCAPES)],
    ):
        try:
            code = main(given)
        except SystemExit as stopped:
            code = stopped.code
        assert code == 2
        error = capsys.readouterr().err
        assert "\x1b" not in error
        assert "x1b" in error
        assert len(error.splitlines()) == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "a;=1", " =1"])
def test_cells_are_no_formulas(text):
    cell = _text_cell(text)
    assert not re.search(r"(^|;)\s*[=+\-@]", cell)
    assert cell.replace("'", "") == text


def test_names_in_the_csv_file_are_no_formulas_and_numbers_stay(tmp_path):
    for arm in ("=cmd|x", "-b"):
        write_run(tmp_path, "@Pong", "+ppo", f"x{arm[:1]}", 0, -7.0, arm=arm)
    assert main([str(tmp_path), "--baseline=-b"]) == 0
    with (tmp_path / "comparison" / "comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert (row["game"], row["algorithm"], row["baseline"]) == ("'@Pong", "'+ppo", "'-b")
        assert float(row["score"]) == -7.0
    assert [row["arm"] for row in rows] == ["'-b", "'=cmd|x"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("~~~ code", r"\~\~\~ code"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("=== under", r"\=== under"),
        ("> quote", r"\> quote"),
        ("<b> &lt;", r"\<b\> \&lt;"),
        ("```\ncode", r"\`\`\` code"),
    ],
)
def test_markdown_shows_notes_as_they_are(text, shown):
    assert _block(text) == shown


def test_names_are_no_formulas_in_figures(tmp_path):
    for arm in ("standard", r"$\frac{"):
        write_run(tmp_path, "Pong$", "ppo", f"x{arm[:1]}", 0, 1.0, arm=arm)
    assert main([str(tmp_path)]) == 0


def test_the_default_place_is_not_written_through_a_link(tmp_path, capsys):
    write_run(tmp_path / "runs", "Pong", "ppo", "standard", 0, 1.0)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "comparison.json").touch()
    (tmp_path / "runs" / "comparison").symlink_to(tmp_path / "mine")
    assert main([str(tmp_path / "runs")]) == 2
    assert "comparison is a link" in capsys.readouterr().err
    assert len(list((tmp_path / "mine").iterdir())) == 1


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(20 * 2**30)


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


FILES = ["run.json", "episodes.csv", "evaluation.json", "coordinate_maps.png", "study.json"]


@pytest.mark.parametrize("make", [os.mkfifo, sparse, listen, Path.mkdir])
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_is_neither_waited_for_nor_read(tmp_path, monkeypatch, make, name):
    write_run(tmp_path, "Pong", "ppo", "standard", 0, 1.0)
    run = write_run(tmp_path, "Pong", "ppo", "coord", 0, 1.0)
    monkeypatch.chdir(tmp_path if name == "study.json" else run)  # names of sockets are short
    Path(name).unlink(missing_ok=True)
    make(Path(name))
    try:
        study = read_study(tmp_path)
    except CompareError as error:
        lines = [str(error)]
    else:
        lines = [entry.reason for entry in study.missing]
        lines += [note for run_ in study.runs for note in run_.notes]
    assert any(name in line for line in lines)


LOGS = ["monitor.csv", "evaluations.npz", "progress.csv", "events.out.tfevents.1"]


@pytest.mark.parametrize("make", [os.mkfifo, sparse, listen])
@pytest.mark.parametrize("name", LOGS)
def test_nor_are_logs(tmp_path, monkeypatch, make, name):
    (tmp_path / "coord" / "0").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "coord" / "0")
    make(Path(name))
    with pytest.raises(CompareError, match=name):
        read_study(tmp_path, request=Request(pattern="{arm}/{seed}"))


def test_a_number_in_a_name_allocates_nothing(tmp_path):
    (tmp_path / "coord" / "0").mkdir(parents=True)
    (tmp_path / "coord" / "0" / "99999999.monitor.csv").touch()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CompareError, match=r"0\.monitor\.csv is missing"):
        read_study(tmp_path, request=Request(pattern="{arm}/{seed}"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def header_of(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    file = BytesIO()
    about = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue()


@pytest.mark.parametrize(
    "results",
    [
        header_of((2**28, 1)) + bytes(2**28),  # unfolds a thousandfold
        header_of((10**12, 1)),
        header_of((10**9, 1), "|V0"),
        header_of((10**9, 1), "|S0"),
    ],
)
def test_an_archive_that_unfolds(tmp_path, results):
    path = tmp_path / "coord" / "0" / "evaluations.npz"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("timesteps.npy", header_of((1,)) + bytes(8))
        archive.writestr("results.npy", results)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CompareError, match=r"evaluations\.npz"):
        read_study(tmp_path, request=Request(pattern="{arm}/{seed}"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes


@pytest.mark.parametrize("length", [2**40, 2**63, 2**64 - 1])
def test_an_event_of_any_length_that_it_claims(tmp_path, length):
    path = tmp_path / "coord" / "0" / "events.out.tfevents.1"
    path.parent.mkdir(parents=True)
    head = struct.pack("<Q", length)
    path.write_bytes(head + struct.pack("<I", masked_crc32c(head)) + bytes(100))
    with pytest.raises(CompareError, match="half-written"):
        read_study(tmp_path, request=Request(pattern="{arm}/{seed}"))


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("levels", [60, 500, 100_000])
def test_deep_nesting_is_no_traceback(tmp_path, levels):
    run = write_run(tmp_path, "Pong", "ppo", "standard", 0, 1.0)
    text = (run / "run.json").read_text()
    (run / "run.json").write_text(text.replace('"config": {}', f'"config": {nested(levels)}'))
    with pytest.raises(CompareError, match=r"run\.json (is nested|is not readable)"):
        read_study(tmp_path)


BILLION = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
)
MERGES = "\n".join(
    ["a0: &a0 {x: 1}"]
    + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9)]
)


@pytest.mark.parametrize(
    "text",
    [f"{BILLION}\nenv: *a11\nalgo: ppo\n", f"{MERGES}\nenv: x\nalgo: ppo\nn_timesteps: *a8\n"],
)
def test_references_in_yaml_multiply_nothing(tmp_path, text):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "args.yml").write_text(text)
    with pytest.raises(UnusableError) as error:
        read_zoo_run(tmp_path)
    assert len(str(error.value)) < 1000


def test_a_size_that_is_not_read_is_said(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_bytes(bytes(101))
    with pytest.raises(UnusableError, match=r"x\.csv has 101 bytes; at most 100 are read"):
        read_text(path, 100)


def test_a_byte_order_mark_is_no_damage(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"a": 1}), encoding="utf-8-sig")
    assert required(read_json(path), "a", int) == 1


def test_every_damage_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_run(tmp_path, "Pong", "ppo", "standard", 0, 1.0, status="failed", error="a\nb\rc")
    assert main([str(tmp_path)]) == 2
    assert "failed: a b c" in capsys.readouterr().err
