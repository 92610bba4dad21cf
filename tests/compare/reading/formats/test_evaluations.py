import numpy as np
import pytest

from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.formats.evaluations import read_evaluations


def test_what_sb3_writes(sb3_logs):
    points = read_evaluations(sb3_logs / "standard/seed-0/evaluations.npz")
    np.testing.assert_array_equal(points.timesteps, np.repeat([256, 512, 768, 1024], 2))
    with np.load(sb3_logs / "standard/seed-0/evaluations.npz") as arrays:
        np.testing.assert_array_equal(points.returns, arrays["results"].ravel())
    assert points.what == "games of evaluations"


@pytest.mark.parametrize("shape", [(2, 5, 1), (2, 1, 5), (2, 5)])
def test_a_further_axis_is_harmless(tmp_path, shape):
    path = tmp_path / "evaluations.npz"
    np.savez(path, timesteps=[10, 20], results=np.arange(10.0).reshape(shape))
    points = read_evaluations(path)
    np.testing.assert_array_equal(points.returns, np.arange(10))
    np.testing.assert_array_equal(points.timesteps, [10] * 5 + [20] * 5)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"timesteps": [1, 2]}, "no item named .results.npy."),
        ({"timesteps": [1, 2], "results": [[1.0]]}, r"not shapes \(2,\) and \(1, 1\)"),
        ({"timesteps": [1], "results": [1.0]}, r"results \(n, games\)"),
        ({"timesteps": [1], "results": np.ones((1, 2, 2))}, r"results \(n, games\)"),
        ({"timesteps": [1], "results": [["a"]]}, "not readable"),
        ({"timesteps": [1], "results": np.array([[{}]], dtype=object)}, "not readable"),
    ],
)
def test_damage(tmp_path, arrays, message):
    path = tmp_path / "evaluations.npz"
    np.savez(path, **arrays)
    with pytest.raises(UnusableError, match=message):
        read_evaluations(path)


def test_nothing_is_unpickled(tmp_path):
    class Boom:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    path = tmp_path / "evaluations.npz"
    np.savez(path, timesteps=[1], results=np.array([[Boom()]], dtype=object))
    with pytest.raises(UnusableError, match="allow_pickle=False"):
        read_evaluations(path)
