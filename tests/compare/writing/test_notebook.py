"""What a notebook shows of a comparison."""

import csv
import importlib.util
import os
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from coordrl.compare.errors import CompareError
from coordrl.compare.writing.notebook import NotebookComparison

pandas_needed = pytest.mark.skipif(
    "CI" not in os.environ and importlib.util.find_spec("pandas") is None,
    reason="pandas is not installed",
)
Written = tuple[NotebookComparison, Path, str]


@pandas_needed
def test_the_frame_is_the_csv_file(written: Written):
    comparison, folder, _ = written
    frame = comparison.to_frame()
    with (folder / "comparison.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(frame.columns) == list(rows[0])
    assert list(frame["verdict"].dropna()) == [row["verdict"] for row in rows if row["verdict"]]
    assert list(frame["score"]) == [float(row["score"]) for row in rows]


@pandas_needed
def test_curves_are_those_of_every_seed(written: Written):
    comparison, _, _ = written
    curves = comparison.curves()
    expected = "game algorithm arm seed timestep return carried"
    assert list(curves.columns) == expected.split()
    for group in comparison.groups:
        for arm in group.arms:
            of_arm = curves[(curves["game"] == group.game) & (curves["arm"] == arm.arm)]
            for k, seed in enumerate(arm.seeds):
                rows = of_arm[of_arm["seed"] == seed.seed]
                np.testing.assert_array_equal(rows["timestep"], arm.curve.timesteps)
                np.testing.assert_array_equal(rows["return"], arm.curve.seeds[k])
                np.testing.assert_array_equal(rows["carried"], arm.curve.carried[k])
    assert len(curves) == sum(arm.curve.seeds.size for g in comparison.groups for arm in g.arms)


def test_curves_on_axes_of_ones_own(written: Written):
    comparison, _, _ = written
    ax = Figure().subplots()
    assert comparison.plot_curves("Better", ax=ax) is ax
    assert ax.get_title() == "Better, PPO"
    assert ax.get_legend_handles_labels()[1] == ["standard (5 seeds)", "coord (5 seeds)"]
    heights = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    [group] = [group for group in comparison.groups if group.game == "Better"]
    np.testing.assert_array_equal(heights["coord (5 seeds)"], group.arms[1].curve.mean)


def test_axes_of_pyplots(written: Written, monkeypatch: pytest.MonkeyPatch):
    matplotlib.use("agg")
    from matplotlib import pyplot

    ax = written[0].plot_curves("Worse", "ppo")
    assert pyplot.gca() is ax
    pyplot.close()


@pytest.mark.parametrize("choice", [(), ("Pong",), ("Better", "a2c")])
def test_a_game_is_to_be_chosen(choice: tuple[str, ...], written: Written):
    with pytest.raises(CompareError, match="choose one game and algorithm of 'Better', 'ppo'; "):
        written[0].plot_curves(*choice)


def test_html_is_the_table_of_verdicts(written: Written):
    html = written[0]._repr_html_()
    assert html.count("<tr>") == 1 + 2 * 6
    assert "<td>better" in html
    assert f"<p>{written[0].headline}</p>" in html
    assert "<td>coord</td><td>5</td>" in html


def test_it_is_named_in_a_line(written: Written):
    assert repr(written[0]) == f"<demo: every arm against standard: {written[0].headline}>"


def test_names_in_html_are_text(study, tmp_path: Path):
    from coordrl.compare import compare_runs

    folder = study({("<b>Pong", "ppo", arm): [1.0, 2.0] for arm in ("standard", "coord")})
    assert "<td>&lt;b&gt;Pong</td>" in compare_runs(folder)._repr_html_()


def test_without_pandas_it_is_named(written: Written, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(CompareError, match="pip install pandas"):
        written[0].to_frame()
