import pytest

from coordrl.compare.errors import CompareError
from coordrl.compare.writing import drawing
from coordrl.compare.writing.drawing import figures_drawn


def test_another_process_draws_the_same_figures(written, tmp_path, monkeypatch):
    comparison, folder = written[:2]
    monkeypatch.setattr(drawing, "SINGLE_FIGURES", 0)
    with figures_drawn(comparison, tmp_path):
        pass
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert "differences.svg" in drawn
    for name in drawn:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_what_cannot_be_drawn_is_an_error(written, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(drawing, "SINGLE_FIGURES", 0)
    with (
        pytest.raises(CompareError, match="could not be drawn"),
        figures_drawn(written[0], tmp_path / "nowhere"),
    ):
        pass
    assert "nowhere" in capfd.readouterr().err
