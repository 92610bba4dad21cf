"""A hundred damaged inputs: each is named in the report or ends as one clear error."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter

from coordrl.compare.command import main
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.errors import CompareError
from coordrl.compare.reading.formats.table import COLUMNS
from coordrl.compare.reading.study import Request, read_study

ARM_SEED = "{arm}/seed-{seed}"
RUN, ZOO_RUN = "coord/seed-1", "ppo/CartPole-v1_2"
# The file that is damaged, and how the folder or table is read.
INPUTS = {
    "run.json": (f"Pong/ppo/{RUN}/run.json", Request()),
    "episodes.csv": (f"Pong/ppo/{RUN}/episodes.csv", Request()),
    "study.json": ("study.json", Request()),
    "monitor.csv": (f"{RUN}/0.monitor.csv", Request(source="monitor", pattern=ARM_SEED)),
    "progress.csv": (f"{RUN}/progress.csv", Request(source="progress", pattern=ARM_SEED)),
    "events": (f"{RUN}/events.out.tfevents.1", Request(source="events", pattern=ARM_SEED)),
    "evaluations": (f"{RUN}/evaluations.npz", Request(source="evaluations", pattern=ARM_SEED)),
    "args.yml": (f"{ZOO_RUN}/CartPole-v1/args.yml", Request()),
    "config.yml": (f"{ZOO_RUN}/CartPole-v1/config.yml", Request()),
    "table.csv": ("table.csv", Request()),
    "table.json": ("table.json", Request()),
}


def truncate(path: Path, rng: np.random.Generator) -> None:
    """Cut a file off where it is not the end of a line."""
    content = path.read_bytes()
    cut = int(len(content) * rng.uniform(0.1, 0.9))
    path.write_bytes(content[:cut].rstrip(b"\n"))


def cut_the_last_bytes(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(path.read_bytes()[: -int(rng.integers(3, 6))])


def empty(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(b"")


def replace_by_junk(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(rng.bytes(3000))


def splice_junk(path: Path, rng: np.random.Generator) -> None:
    """Put bytes that are no text in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(rng.integers(0x80, 0x100, 40).astype(np.uint8))
    path.write_bytes(content)


def zero_a_third(path: Path, rng: np.random.Generator) -> None:
    """Leave zeros, as a lost write does."""
    content = path.read_bytes()
    third = len(content) // 3
    path.write_bytes(content[:third] + bytes(third) + content[2 * third :])


def rename_columns(path: Path, rng: np.random.Generator) -> None:
    """Write the names in the first lines, or all arrays or tags, backwards."""
    if path.suffix == ".npz":
        np.savez(path, pets=np.arange(3), **{"return": np.ones(3)})
    elif "tfevents" in path.name:
        path.unlink()
        with SummaryWriter(str(path.parent)) as writer:
            writer.add_scalar("naem_wer_pe/tuollor", 1.0, 1)
    else:
        first, second, *rest = [*path.read_bytes().split(b"\n", 2), b""]
        head = re.sub(rb"[a-z_]+", lambda found: found[0][::-1], first + b"\n" + second)
        path.write_bytes(b"\n".join([head, *rest]))


def write_another_format(path: Path, rng: np.random.Generator) -> None:
    path.write_text('<html><body>404, "not found"</body></html>\n')


def make_a_folder_of_it(path: Path, rng: np.random.Generator) -> None:
    path.unlink()
    path.mkdir()


def write_huge_numbers(path: Path, rng: np.random.Generator) -> None:
    """Replace all numbers by one that no float can hold."""
    path.write_bytes(re.sub(rb"(?<![\w.])-?\d[\d.]*", b"1e999", path.read_bytes()))


def remove(path: Path, rng: np.random.Generator) -> None:
    path.unlink()


DAMAGES: tuple[Callable[[Path, np.random.Generator], None], ...] = (
    truncate,
    cut_the_last_bytes,
    empty,
    replace_by_junk,
    splice_junk,
    zero_a_third,
    rename_columns,
    write_another_format,
    make_a_folder_of_it,
    write_huge_numbers,
    remove,
)
# No damage: a study without its plan, and a run of which Zoo's older versions record less; and a
# binary file has no numbers to replace.
HARMLESS = {
    ("study.json", remove),
    ("config.yml", remove),
    ("events", write_huge_numbers),
    ("evaluations", write_huge_numbers),
}
CASES = [
    pytest.param(name, damage, id=f"{name}-{damage.__name__}")
    for name in INPUTS
    for damage in DAMAGES
    if (name, damage) not in HARMLESS
]


def test_there_are_a_hundred_cases():
    assert len(CASES) > 100


@pytest.fixture
def healthy(study, sb3_logs, zoo_logs, tmp_path):
    """Return what writes an input of each kind, the whole of it without damage."""

    def write(name: str) -> Path:
        if name in ("run.json", "episodes.csv", "study.json"):
            return study({("Pong", "ppo", arm): [1.0, 2.0, 3.0] for arm in ("standard", "coord")})
        if name in ("args.yml", "config.yml"):
            return zoo_logs("coord")
        if name in ("table.csv", "table.json"):
            return write_table(tmp_path / "tables" / name).parent
        root = Path(shutil.copytree(sb3_logs, tmp_path / "logs"))
        for path in root.rglob("*tfevents*"):
            path.rename(path.with_name("events.out.tfevents.1"))
        return root

    return write


def write_table(path: Path) -> Path:
    path.parent.mkdir()
    rows = [
        ("Pong", "ppo", arm, seed, step, step / 10)
        for arm in ("standard", "coord")
        for seed in (0, 1)
        for step in range(10, 510, 10)
    ]
    if path.suffix == ".json":
        path.write_text(json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows]))
    else:
        path.write_text("\n".join(",".join(map(str, row)) for row in [COLUMNS, *rows]) + "\n")
    return path


def outcome(path: Path, request: Request) -> tuple[list[str], str | None]:
    """Return the lines that tell of missing runs and notes, and the error if there is one."""
    try:
        comparison = compare(read_study(path, request=request))
    except CompareError as error:
        return [], str(error)
    missing = [f"{missing.name}: {missing.reason}" for missing in comparison.missing]
    return [*missing, *comparison.all_notes()], None


@pytest.mark.parametrize("name", INPUTS)
def test_without_damage_nothing_is_said(healthy, name):
    file, request = INPUTS[name]
    root = healthy(name)
    lines, error = outcome(root / file if name.startswith("table") else root, request)
    assert error is None
    assert not any(
        word in line for line in lines for word in (RUN, ZOO_RUN, "table.", "study.json")
    )


@pytest.mark.parametrize(("name", "damage"), CASES)
def test_damage_is_named(healthy, name, damage):
    file, request = INPUTS[name]
    root = healthy(name)
    damage(root / file, np.random.default_rng(0))
    is_table = name.startswith("table")
    lines, error = outcome(root / file if is_table else root, request)
    # What must be named: the table, the study, or the run that the file belongs to.
    named = file if is_table or name == "study.json" else ZOO_RUN if ".yml" in name else RUN
    if error is not None:
        assert named in error
        assert "\n" not in error
    else:
        assert [line for line in lines if named in line]
        assert not [line for line in lines if "\n" in line]


@pytest.mark.parametrize("name", ["episodes.csv", "monitor.csv", "events", "table.csv"])
def test_the_command_line_ends_in_a_report(healthy, name, capsys):
    file, request = INPUTS[name]
    root = healthy(name)
    truncate(root / file, np.random.default_rng(0))
    path = root / file if name == "table.csv" else root
    options = [f"--pattern={request.pattern}", f"--source={request.source}"]
    code = main([str(path), *(options if request.pattern else []), f"--output={root / 'out'}"])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    named = "table.csv" if name == "table.csv" else RUN
    assert named in printed.out
    assert named in (root / "out" / "report.html").read_text()
