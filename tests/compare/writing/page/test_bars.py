import pytest

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.page.bars import Bars


@pytest.fixture(scope="module")
def drawn(written):
    comparison = written[0]
    bars = Bars(comparison)
    return bars, {
        group.game: (contrast, bars.bar(contrast)) for group, contrast in comparison.contrasts()
    }


def test_one_scale_for_all(drawn):
    bars, found = drawn
    low, high = bars.margin
    assert (low + high) / 2 == bars.width / 2
    for contrast, bar in found.values():
        if bar is None or bar.cut_low or bar.cut_high:
            continue
        ends = [contrast.interval.low, contrast.difference, contrast.interval.high]
        wide = (high - low) / 2 / contrast.margin
        expected = [bars.width / 2 + wide * end for end in ends]
        assert [bar.low, bar.at, bar.high] == pytest.approx(expected, abs=0.3)


def test_what_the_bars_say(drawn):
    bars, found = drawn
    assert found["Better"][1].significant
    assert found["Better"][1].low > bars.margin[1]
    assert found["Worse"][1].high < bars.margin[0]
    assert not found["Inconclusive"][1].significant
    assert found["Uninformative"][1] is None


def test_far_intervals_are_cut_off(study):
    scores = {("Pong", "a2c", "standard"): [-19.0, -19.2], ("Pong", "a2c", "coord"): [-5.0, 12.0]}
    comparison = compare(read_study(study(scores)))
    bars = Bars(comparison)
    bar = bars.bar(comparison.groups[0].contrasts[0])
    assert (bar.cut_low, bar.cut_high) == (True, True)
    assert 0 < bar.low < bar.high < bars.width
