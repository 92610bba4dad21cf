"""Whether the evaluations of a study's runs come where their scores are taken."""

from collections.abc import Iterable

from agents.run.config import RunConfig
from common.errors import UsageError
from coordrl.compare.statistics.curves import final_score


def check_evaluated(configs: Iterable[RunConfig]) -> None:
    """Check that every run will have a score that is of its evaluations.

    :raises UsageError: If there is none, or none in the part of a run that makes its score
    """
    for config in configs:
        if not config.eval_freq:
            raise UsageError("comparison: the source evaluations needs some, give an eval_freq")
        interval = config.eval_steps * config.hyperparams.n_envs
        last = config.n_timesteps // interval * interval
        if final_score([last], [0.0], config.n_timesteps, config.score_window) is None:
            raise UsageError(
                f"{config.env}, {config.algo}: no evaluation falls into the last "
                f"{100 * config.score_window:g} % of {config.n_timesteps:,} timesteps, which make "
                f"the score: they are {interval:,} apart, choose another eval_freq"
            )
