import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from coordrl.compare import compare_runs


def scalars(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}


def test_arms_share_their_tags(written):
    comparison, folder, _ = written
    standard, coord = (scalars(folder / "tensorboard" / arm) for arm in ("standard", "coord"))
    assert set(standard) == set(coord)
    assert set(coord) == {
        f"{group.game}/ppo/{name}"
        for group in comparison.groups
        for name in ("return", "lower", "upper")
    }


@pytest.mark.parametrize(("tag", "name"), [("return", "mean"), ("lower", "lower")])
def test_the_curves_are_the_arms_curves(written, tag, name):
    comparison, folder, _ = written
    found = scalars(folder / "tensorboard" / "coord")[f"Better/ppo/{tag}"]
    curve = comparison.groups[0].arms[1].curve
    known = [k for k, value in enumerate(curve.mean) if value == value]  # not NaN
    assert [event.step for event in found] == curve.timesteps[known].tolist()
    assert [event.value for event in found] == pytest.approx(getattr(curve, name)[known], rel=1e-6)


def test_a_single_seed_has_no_interval(study):
    folder = study({("Pong", "a2c", "standard"): [1.0]})
    compare_runs(folder)
    assert set(scalars(folder / "comparison/tensorboard/standard")) == {"Pong/a2c/return"}
