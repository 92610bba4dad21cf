import json

import numpy as np
import pytest

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.page.data import page_data, page_json


@pytest.fixture(scope="module")
def data(written):
    return page_data(written[0])


def numbers(values):
    return np.array([np.nan if value is None else value for value in values])


def test_curves_are_rounded_to_what_a_screen_shows(written, data):
    group, drawn = written[0].groups[0], data["groups"][0]
    assert drawn["timesteps"] == group.arms[0].curve.timesteps.tolist()
    for arm, shown in zip(group.arms, drawn["arms"], strict=True):
        np.testing.assert_allclose(numbers(shown["mean"]), arm.curve.mean, rtol=1e-3)
        for seed, values in zip(shown["seeds"], arm.curve.seeds, strict=True):
            np.testing.assert_allclose(numbers(seed), values, rtol=1e-3)
        assert [run[1] for run in shown["runs"]] == [seed.score for seed in arm.seeds]
        hours = 0.8 * np.array(drawn["timesteps"]) / 250 / 3600  # as the fixture's episodes have it
        np.testing.assert_allclose(shown["hours"], hours, rtol=1e-3)


def test_differences_are_from_the_baseline(written, data):
    group, (shown,) = written[0].groups[0], data["groups"][0]["differences"]
    standard, coord = (arm.curve for arm in group.arms)
    np.testing.assert_allclose(numbers(shown["mean"]), coord.mean - standard.mean, rtol=1e-2)
    np.testing.assert_allclose(
        numbers(shown["seeds"][2]), coord.seeds[2] - standard.seeds[2], rtol=1e-3
    )
    assert shown["range"][0] < 0 < numbers(shown["mean"])[-1] < shown["range"][1]


def test_only_atari_has_frames(data, study):
    assert data["groups"][0]["frames"] == 4
    folder = study({("NotSoClevr", "ppo", "standard"): [0.5]})
    record = folder / "NotSoClevr/ppo/standard/seed-0/run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"reference_scores": None}))
    (group,) = page_data(compare(read_study(folder)))["groups"]
    assert group["frames"] is None
    assert group["differences"] == []


def test_it_is_json_that_cannot_end_a_script(tmp_path, write_run):
    nasty = "</script><b>"
    write_run(tmp_path, "Pong", "a2c", "standard", 0, 1.0, arm=nasty)
    text = page_json(compare(read_study(tmp_path), nasty))
    assert "<" not in text
    assert json.loads(text)["baseline"] == nasty
