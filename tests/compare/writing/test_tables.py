import csv

import pytest
from rich.console import Console

from coordrl.compare import compare_runs
from coordrl.compare.writing.tables import print_comparison


def test_csv(written):
    comparison, folder, _ = written
    with (folder / "comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["arm"] for row in rows] == ["standard", "coord"] * 6
    better = rows[1]
    group = comparison.groups[0]
    assert (better["game"], better["verdict"], better["seeds"]) == ("Better", "better", "5")
    assert float(better["score"]) == group.arms[1].mean
    assert float(better["difference_low"]) == group.contrasts[0].interval.low
    assert float(better["p_holm"]) == pytest.approx(6 * 2 / 252)
    assert rows[0]["difference"] == rows[0]["verdict"] == ""
    whens = [t.reaches[1].median for t in group.thresholds]
    assert [float(better[f"timesteps_to_{share}"]) for share in (50, 75, 100)] == whens
    assert (better["parameters"], better["wall_seconds"]) == ("1687719", "33.5")


def test_terminal(written):
    comparison, _, printed = written
    assert comparison.headline in " ".join(printed.split())
    for verdict in ("better", "worse", "negligible", "equivalent", "uninformative"):
        assert verdict in printed
    assert "needs" in printed  # the seeds of the inconclusive one
    assert "missing" not in printed


def test_the_table_fits_a_terminal_of_80_columns(written, capsys):
    print_comparison(written[0], Console(width=80))
    printed = capsys.readouterr().out
    assert "uninformative" in printed
    assert "…" not in printed


def test_missing_runs_and_notes_are_printed(study, write_run, capsys):
    folder = study({("Pong", "a2c", "standard"): [1.0, 2.0], ("Pong", "a2c", "coord"): [3.0]})
    write_run(folder, "Pong", "a2c", "standard", 1, 1.0, status="failed", error="[red]boom")
    with (folder / "Pong/a2c/coord/seed-0/episodes.csv").open("a") as file:
        file.write("99")
    compare_runs(folder, console=Console(width=200))
    printed = capsys.readouterr().out
    assert "Pong/a2c/standard/seed-1: failed: [red]boom" in printed
    assert "note: Pong/a2c/coord/seed-0: the half-written last line" in printed
