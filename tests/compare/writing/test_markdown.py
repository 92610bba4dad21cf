import re

from coordrl.compare import compare_runs


def table(text, title):
    """The rows of the first table after a title, as lists of cells."""
    lines = text.partition(title)[2].splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def test_the_verdicts_are_a_table(written):
    comparison, folder, _ = written
    text = (folder / "comparison.md").read_text()
    header, _, *rows = table(text, "#")
    assert [row[2] for row in rows] == ["standard", "coord"] * 6
    assert {len(row) for row in rows} == {len(header)}
    for row, group in zip(rows[1::2], comparison.groups, strict=True):
        assert group.contrasts[0].verdict in row[-1]
    [row] = [row for row in rows if "inconclusive" in row[-1]]
    assert re.search(r"inconclusive \(a new study needs [\d,]+ seeds\)", row[-1])
    assert rows[1][-1] == "▲ better by more than the margin"
    assert comparison.headline in text
    assert "## Missing" not in text


def test_games_together_are_a_table(written):
    comparison, folder, _ = written
    (_, _, standard, coord) = table((folder / "comparison.md").read_text(), "## PPO over all")
    (against,) = comparison.aggregates[0].contrasts
    assert standard[-1] == "baseline"
    assert coord[3] == f"{against.wins} / {against.losses} of {against.games}"


def test_names_cannot_break_the_table(tmp_path, write_run):
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 1.0, arm="a|b *c*")
    write_run(tmp_path, "Pong", "a2c", "standard", 1, 1.0, status="failed", error="bad\nline")
    compare_runs(tmp_path, baseline="a|b *c*")
    text = (tmp_path / "comparison" / "comparison.md").read_text()
    assert table(text, "#")[2][2] == r"a\|b \*c\*"
    assert "- Pong/a2c/standard/seed-1: failed: bad line" in text
