import json

import numpy as np
import pytest
from matplotlib.image import imsave

from coordrl.compare import compare_runs
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.page.coordinates import map_images, trained_agents


def evaluation(mean, *, deterministic=False, coordinates=None, greedy_changed=None, **changes):
    reliance = None
    if greedy_changed is not None:
        reliance = {"greedy_changed": greedy_changed, "kl": None, "value_change": 0.5}
    return {
        "deterministic": deterministic,
        "coordinates": coordinates,
        "env_kwargs": {},
        "n_eval_episodes": 10,
        "mean": mean,
        "reliance": reliance,
    } | changes


@pytest.fixture
def folder(tmp_path, write_run):
    """Two seeds of an arm with coordinates, one of the baseline, evaluated."""
    records = {
        ("standard", 0): [evaluation(5.0), evaluation(7.0, deterministic=True)],
        ("coord", 0): [
            evaluation(10.0, coordinates=True, greedy_changed=0.2),
            evaluation(1.0, coordinates=False),
            evaluation(3.0, coordinates=True, env_kwargs={"part": "test"}),
        ],
        ("coord", 1): [evaluation(12.0, coordinates=True, greedy_changed=0.4)],
    }
    for (arm, seed), evaluations in records.items():
        run = write_run(tmp_path, "Pong", "a2c", arm, seed, 5.0)
        (run / "evaluation.json").write_text(json.dumps({"format": 1, "evaluations": evaluations}))
        if arm == "coord":
            imsave(run / "coordinate_maps.png", np.zeros((4, 4)))
    return tmp_path


def test_kinds_of_evaluations_are_kept_apart(folder):
    found = trained_agents(compare(read_study(folder)))
    kinds = [(a.arm, a.deterministic, a.settings, a.seeds) for a in found]
    assert kinds == [
        ("standard", False, "", 1),
        ("standard", True, "", 1),
        ("coord", False, "", 2),
        ("coord", False, '{"part": "test"}', 1),
    ]


def test_means_over_seeds(folder):
    standard, _, coord, _ = trained_agents(compare(read_study(folder)))
    assert (standard.score.value, standard.without, standard.greedy_changed) == (5.0, None, None)
    assert coord.score.value == 11.0
    assert coord.score.interval.low == pytest.approx(11 - 12.7062047)
    assert (coord.without.value, coord.without.interval) == (1.0, None)
    assert coord.greedy_changed.value == pytest.approx(0.3)
    assert coord.kl is None


def test_the_page_shows_them(folder):
    comparison = compare_runs(folder)
    (image,) = map_images(comparison)
    assert image.title == "Pong, A2C: coord, seed 0"
    html = (folder / "comparison" / "report.html").read_text()
    assert "Trained agents and their coordinates" in html
    assert f'<img src="{image.uri}"' in html


def test_runs_that_were_not_evaluated(written):
    assert trained_agents(written[0]) == []
    assert map_images(written[0]) == []
    assert "Trained agents" not in (written[1] / "report.html").read_text()
