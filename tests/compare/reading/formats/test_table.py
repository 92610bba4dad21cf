import json

import numpy as np
import pytest

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.formats.table import COLUMNS, read_table
from coordrl.compare.reading.runs import RunKey

KEY = RunKey("Pong", "ppo", "coord", 3)
ROWS = [("Pong", "ppo", "coord", 3, 200, -20.0), ("Pong", "ppo", "coord", 3, 100, -21.0)]


def csv_text(rows, columns=COLUMNS):
    return "\n".join(",".join(map(str, row)) for row in [columns, *rows]) + "\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", csv_text(ROWS)),
        ("t.CSV", "\ufeff" + csv_text([(*row, "x") for row in ROWS], (*COLUMNS, "other"))),
        ("t.csv", csv_text([("Pong", "ppo", "coord", "3.0", "2e2", -20), *ROWS[1:]])),
        ("t.json", json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in ROWS])),
        ("t.json", json.dumps(dict(zip(COLUMNS, zip(*ROWS, strict=True), strict=True)))),
    ],
)
def test_formats(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    runs, notes = read_table(tmp_path / name)
    assert notes == []
    assert list(runs) == [KEY]
    np.testing.assert_array_equal(runs[KEY].timesteps, [100, 200])
    np.testing.assert_array_equal(runs[KEY].returns, [-21, -20])
    assert runs[KEY].what == "rows of a table"


def test_what_is_no_number_is_left_out_and_noted(tmp_path):
    rows = [*ROWS, ("Pong", "ppo", "coord", 3, 300, "nan"), ("Pong", "ppo", "coord", 3, "x", 1)]
    (tmp_path / "t.csv").write_text(csv_text(rows))
    runs, _ = read_table(tmp_path / "t.csv")
    assert len(runs[KEY].returns) == 2
    assert runs[KEY].notes == ("2 of 4 points are not finite and left out",)


def test_rows_of_no_run_are_noted(tmp_path):
    rows = [*ROWS, ("Pong", "ppo", "", 3, 300, 1), ("Pong", "ppo", "coord", "x", 300, 1)]
    (tmp_path / "t.csv").write_text(csv_text(rows) + "Pong,pp")
    runs, notes = read_table(tmp_path / "t.csv")
    assert list(runs) == [KEY]
    assert len(notes) == 1
    assert notes[0].startswith("t.csv: 3 rows are left out, the first being row 3: ")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "", "no column 'game'; needed: game, algorithm, arm, seed, step, return"),
        ("t.csv", "env,algo\n", r"no column 'game' \(rename 'env' to it\?\)"),
        ("t.csv", "game,algorithm,arm,Seed,step,return\n", r"\(rename 'Seed' to it\?\)"),
        ("t.csv", "game,algorithm,arm,seed,step,Reward\n", r"\(rename 'Reward' to it\?\)"),
        ("t.csv", "game,algorithm,arm,seed,stp,return\n", r"\(rename 'stp' to it\?\)"),
        ("t.csv", ",".join(COLUMNS), "no row that can be used"),
        ("t.csv", csv_text([("a", "b", "c", "d", 1, 2)]), r"no row that can be used; t\.csv: 1"),
        ("t.json", "{", "not readable"),
        ("t.json", "[" * 100_000, "not readable"),
        ("t.json", "[]", "must hold a list of objects"),
        ("t.json", "[3]", "must hold a list of objects"),
        ("t.json", '{"game": []}', "no column 'algorithm'"),
        ("t.json", json.dumps(dict.fromkeys(COLUMNS, 3)), "lists of one length"),
    ],
)
def test_no_such_table(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(CompareError, match=message) as error:
        read_table(tmp_path / name)
    assert "\n" not in str(error.value)
    assert str(tmp_path / name) in str(error.value)
