"""The studies of the ladder of position can decide what they ask."""

from pathlib import Path

import pytest

from agents.study.config import parse_study, read_study_file
from agents.study.outlook import warnings
from envs import reference_scores


@pytest.mark.parametrize(
    ("name", "baseline", "family", "seeds"),
    [
        ("ladder-control", "pooled", 9, 10),
        ("ladder-control-impoola", "impoola", 4, 6),
        ("ladder-control-hadamax", "hadamax", 1, 6),
    ],
)
def test_each_network_is_compared_with_its_own_at_places_never_shown(
    name: str, baseline: str, family: int, seeds: int
) -> None:
    study = parse_study(read_study_file(Path(name)), name)
    assert (study.baseline, study.family, len(study.seeds)) == (baseline, family, seeds)
    assert study.comparison.source == "evaluations"
    assert min(study.seeds) == 100  # others than those that its hyper-parameters were chosen on
    configs = study.runs()
    assert warnings(study, configs) == []
    for config in configs:
        assert config.env_kwargs["part"] == "train"
        assert config.eval_env_kwargs == {"part": "test"}
        settings = {**config.env_kwargs, **config.eval_env_kwargs}
        assert reference_scores(config.env, **settings) == {"random": 0.25}
