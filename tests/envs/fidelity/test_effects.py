import numpy as np
import pytest

from envs.fidelity.effects import _welch_interval, measure_effects
from envs.games import resolve_game


@pytest.mark.slow
def test_effects_are_measured_a_setting_at_a_time() -> None:
    effects = list(measure_effects(resolve_game("Breakout"), episodes=2))
    assert [effect.setting for effect in effects] == ["no-ops", "FIRE", "no-ops and FIRE", "sticky"]
    for effect in effects:
        assert effect.low <= effect.native - effect.sb3 <= effect.high
        assert 0 <= effect.native < 20
        assert 0 <= effect.sb3 < 20


def test_the_interval_is_welchs() -> None:
    # By hand: means 2 and 5, variances 1 and 4, three each: standard error sqrt(5 / 3),
    # 2.941 degrees of freedom, t = 3.2189.
    low, high = _welch_interval(np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0]))
    assert (low, high) == pytest.approx((-3 - 4.1556, -3 + 4.1556), abs=0.001)


def test_constant_returns_have_a_difference_without_doubt() -> None:
    assert _welch_interval(np.zeros(4), np.full(3, 2.0)) == (-2.0, -2.0)


def test_one_game_has_no_interval() -> None:
    with pytest.raises(ValueError, match="episodes must be at least 2, got 1"):
        next(measure_effects(resolve_game("Breakout"), episodes=1))
