import pytest
from matplotlib.image import imread

from coordrl.compare import compare_runs
from coordrl.compare.errors import CompareError
from coordrl.compare.writing import plots
from coordrl.compare.writing.figures.canvas import look
from coordrl.compare.writing.figures.games import curves_grid
from coordrl.compare.writing.plots import figures_drawn, file_name
from coordrl.compare.writing.style import styles


@pytest.mark.parametrize(
    "stem", ["curves_Better_ppo", "curves_ppo", "scores_ppo", "differences", "aggregates_ppo"]
)
def test_plots_are_drawn(written, stem):
    picture = imread(written[1] / f"{stem}.png")
    height, width = picture.shape[:2]
    assert width > 400
    assert height > 300
    assert 0.005 < (picture[..., :3] < 0.9).any(axis=-1).mean() < 0.5
    svg = (written[1] / f"{stem}.svg").read_text()
    assert svg.startswith("<?xml")
    assert "#0072b2" in svg.lower()  # the second arm's colour


def test_names_of_other_environments(tmp_path, write_run):
    assert file_name("ALE/Pong-v5") == "ALE-Pong-v5"
    write_run(tmp_path, "pong", "a2c", "standard", 0, 1.0, game="ALE/Pong-v5")
    compare_runs(tmp_path)
    assert (tmp_path / "comparison" / "curves_ALE-Pong-v5_a2c.png").exists()


def test_many_games_share_figures(written, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "SINGLE_FIGURES", 5)
    plots.save_plots(written[0], tmp_path)
    stems = {"differences", "aggregates_ppo", "curves_ppo"}
    assert {path.stem for path in tmp_path.iterdir()} == stems


@pytest.mark.parametrize(
    ("changes", "missing"),
    [({"human": None}, "aggregates_a2c"), ({"random": 5.0}, "differences")],
)
def test_figures_without_their_numbers_are_left_out(tmp_path, write_run, changes, missing):
    """Without human scores nothing is normalised; below random play there is no margin."""
    reference = {"random": -20.7, "human": 14.6} | changes
    known = {name: value for name, value in reference.items() if value is not None}
    for game in ("Pong", "Qbert"):
        for arm in ("standard", "coord"):
            for seed in range(2):
                write_run(tmp_path, game, "a2c", arm, seed, seed, reference_scores=known)
    compare_runs(tmp_path)
    drawn = {path.stem for path in (tmp_path / "comparison").glob("*.png")}
    assert {"differences", "aggregates_a2c"} - drawn == {missing}


@pytest.mark.slow
def test_another_process_draws_the_same_figures(written, tmp_path, monkeypatch):
    comparison, folder = written[:2]
    monkeypatch.setattr(plots, "SINGLE_FIGURES", 0)
    with figures_drawn(comparison, tmp_path):
        pass
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert "differences.svg" in drawn
    for name in drawn:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_legend_is_inside_the_picture_and_above_the_panels(tmp_path, write_run):
    """One panel is narrower than the names of five arms, and ten have a second line."""
    arms = [f"{arm}-{pool}-pooled" for arm in ("coord", "fixed-code") for pool in range(5)]
    for arm in arms:
        write_run(tmp_path, "Pong", "a2c", arm, 0, 1.0)
    comparison = compare_runs(tmp_path, baseline=arms[0])
    with look():
        figure = curves_grid(comparison.groups, styles(arms))
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
    assert legend.x0 >= 0
    assert legend.x1 <= figure.bbox.x1
    assert legend.y0 >= figure.axes[0].title.get_window_extent().y1


def test_what_cannot_be_drawn_is_an_error(written, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(plots, "SINGLE_FIGURES", 0)
    with (
        pytest.raises(CompareError, match="could not be drawn"),
        figures_drawn(written[0], tmp_path / "nowhere"),
    ):
        pass
    assert "nowhere" in capfd.readouterr().err
