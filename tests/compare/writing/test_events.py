import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.custom_scalar.metadata import CONFIG_SUMMARY_TAG
from tensorboard.plugins.hparams.metadata import (
    EXPERIMENT_TAG,
    SESSION_START_INFO_TAG,
    parse_experiment_plugin_data,
    parse_session_start_info_plugin_data,
)

from coordrl.compare import compare_runs


def accumulated(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    return events.Reload()


def scalars(folder):
    events = accumulated(folder)
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


def test_times_are_those_of_the_runs(written):
    found = scalars(written[1] / "tensorboard" / "coord")["Better/ppo/return"]
    hours = [event.wall_time - found[0].wall_time for event in found]
    steps = [event.step - found[0].step for event in found]
    assert hours == pytest.approx([0.8 * step / 250 for step in steps], abs=1e-3)


def test_custom_charts_with_margins(written):
    comparison, folder, _ = written
    for arm in comparison.arms:
        (tensor,) = accumulated(folder / "tensorboard" / arm).Tensors(CONFIG_SUMMARY_TAG)
        layout = Layout.FromString(tensor.tensor_proto.string_val[0])
        (page,) = layout.category
        assert page.title == "PPO"
        assert [chart.title for chart in page.chart] == [g.title for g in comparison.groups]
        (series,) = page.chart[0].margin.series
        tags = (series.value, series.lower, series.upper)
        assert set(tags) <= set(scalars(folder / "tensorboard" / arm))


def test_every_arm_is_a_row_of_hparams(written):
    comparison, folder, _ = written
    for arm in comparison.arms:
        events = accumulated(folder / "tensorboard" / arm)
        content = events.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
        facts = parse_session_start_info_plugin_data(content).hparams
        assert facts["arm"].string_value == arm
        assert facts["total"].number_value == 1_687_719
        experiment = parse_experiment_plugin_data(
            events.SummaryMetadata(EXPERIMENT_TAG).plugin_data.content
        )
        metrics = [info.name.tag for info in experiment.metric_infos]
        last = {tag: events.Scalars(tag)[-1].value for tag in metrics}
        assert last == pytest.approx(
            {
                f"{g.game}/ppo/return": a.mean
                for g in comparison.groups
                for a in g.arms
                if a.arm == arm
            },
            rel=1e-6,
        )
