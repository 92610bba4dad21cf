import numpy as np

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.style import return_range, styles


def test_no_two_arms_look_alike():
    looks = styles([f"arm-{k}" for k in range(20)])
    assert len(set(looks.values())) == 20
    assert looks["arm-0"].colour == "#000000"
    assert looks["arm-1"].dash == ()


def test_wide_bands_do_not_flatten_the_curves(study):
    folder = study({("Pong", "a2c", "standard"): [1.0, 3.0]})
    (group,) = compare(read_study(folder)).groups
    low, high = return_range(group)
    curves = group.arms[0].curve
    assert low < group.random_score
    assert high > np.nanmax(curves.seeds)
    assert high - low < 3.2 * (np.nanmax(curves.seeds) - group.random_score)
