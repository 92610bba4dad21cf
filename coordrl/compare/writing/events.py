"""TensorBoard files: each arm a run, so that its charts overlay the arms."""

from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from time import time

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.custom_scalar import layout_pb2, metadata
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto

from coordrl.compare.comparing.results import ArmResult, Comparison, Group
from coordrl.compare.comparing.words import algorithm_text
from coordrl.compare.writing.plots import file_name

_MEAN, _LOWER, _UPPER = "return", "lower", "upper"


def save_events(comparison: Comparison, folder: Path) -> None:
    """Write ``<folder>/<arm>/events.out.tfevents.*``.

    The tags are ``<game>/<algorithm>/return``, the mean over seeds, and beside it ``lower`` and
    ``upper``, its 95 % t interval, at the timesteps of the curves' grid; on the *relative* axis
    they are at the wall time of the runs, where it is known. The tab *Custom scalars* has a chart
    of all three for each game, the tab *HParams* a row for each arm with its final means. Of a
    sequential study ``looks/p_value``, ``p_holm`` and ``difference`` are at the seeds per arm.
    """
    for arm in comparison.arms:
        curves = {
            _tag(group): result
            for group in comparison.groups
            for result in group.arms
            if result.arm == arm
        }
        if curves:
            looks = list(_looks(comparison, arm))
            _write_arm(folder / file_name(arm), _layout(comparison), arm, curves, looks)


def _write_arm(
    folder: Path,
    layout: Summary,
    arm: str,
    curves: dict[str, ArmResult],
    looks: Sequence[tuple[str, int, float]],
) -> None:
    now = time()
    writer = EventFileWriter(str(folder))
    try:
        for summary in (layout, *_hparams(arm, curves, now)):
            writer.add_event(Event(wall_time=now, summary=summary))
        for tag, step, value in looks:
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.add_event(Event(wall_time=now, step=step, summary=summary))
        for tag, result in curves.items():
            for event in _events(tag, result, now):
                writer.add_event(event)
    finally:
        writer.close()


def _looks(comparison: Comparison, arm: str) -> Iterator[tuple[str, int, float]]:
    """Return tag, seeds per arm and value of what a sequential study's looks have shown."""
    for group, contrast in comparison.contrasts():
        for look in contrast.looks if contrast.arm == arm else ():
            for name in ("p_value", "p_holm", "difference"):
                value = getattr(look, name)
                if value is not None:
                    yield f"{_tag(group)}/looks/{name}", look.planned, value


def _tag(group: Group) -> str:
    return f"{group.game}/{group.algorithm}"


def _layout(comparison: Comparison) -> Summary:
    """Return the custom charts: a page for each algorithm, a chart with margins for each game."""
    pages: dict[str, list[layout_pb2.Chart]] = {}
    for group in comparison.groups:
        mean, lower, upper = (f"{_tag(group)}/{name}" for name in (_MEAN, _LOWER, _UPPER))
        series = layout_pb2.MarginChartContent.Series(value=mean, lower=lower, upper=upper)
        margin = layout_pb2.MarginChartContent(series=[series])
        chart = layout_pb2.Chart(title=group.title, margin=margin)
        pages.setdefault(algorithm_text(group.algorithm), []).append(chart)
    layout = layout_pb2.Layout(
        category=[layout_pb2.Category(title=title, chart=charts) for title, charts in pages.items()]
    )
    value = Summary.Value(
        tag=metadata.CONFIG_SUMMARY_TAG,
        metadata=metadata.create_summary_metadata(),
        tensor=make_tensor_proto(layout.SerializeToString()),
    )
    return Summary(value=[value])


def _hparams(arm: str, curves: dict[str, ArmResult], now: float) -> Iterator[Summary]:
    """Describe the arm; its metrics are the last values of its curves."""
    facts: dict[str, str | float] = {"arm": arm}
    facts |= next((found.parameters for found in curves.values() if found.parameters), {})
    metrics = [hparams.Metric(f"{tag}/{_MEAN}") for tag in curves]
    yield hparams.hparams_config_pb([hparams.HParam(name) for name in facts], metrics)
    yield hparams.hparams_pb(facts, trial_id=arm, start_time_secs=now)


def _events(tag: str, arm: ArmResult, start: float) -> Iterator[Event]:
    curve = arm.curve
    seconds = np.zeros(len(curve.timesteps)) if curve.wall_seconds is None else curve.wall_seconds
    for name, values in ((_MEAN, curve.mean), (_LOWER, curve.lower), (_UPPER, curve.upper)):
        for step, second, value in zip(curve.timesteps, seconds, values, strict=True):
            if isfinite(value):
                summary = Summary(value=[Summary.Value(tag=f"{tag}/{name}", simple_value=value)])
                yield Event(wall_time=start + second, step=step, summary=summary)
