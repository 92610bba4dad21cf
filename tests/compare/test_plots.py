import pytest
from matplotlib.image import imread

from coordrl.compare import compare_runs
from coordrl.compare.plots import file_name


@pytest.mark.parametrize("stem", ["curves_Better_ppo", "scores"])
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
