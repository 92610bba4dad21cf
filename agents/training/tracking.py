"""Weights & Biases, for those who use it: as in RL Zoo, ``--track`` mirrors TensorBoard there."""

from collections.abc import Iterator
from contextlib import contextmanager

from agents.run.config import RunConfig
from agents.run.display import describe
from common.errors import UsageError


@contextmanager
def tracked(config: RunConfig, project: str, entity: str | None) -> Iterator[None]:
    """Log a run to Weights & Biases while the context lasts.

    :param entity: Weights & Biases team, the user's own if None
    :raises UsageError: If wandb is not installed
    """
    try:
        import wandb
    except ImportError:
        raise UsageError('--track needs wandb: pip install -e ".[track]"') from None
    with wandb.init(
        project=project,
        entity=entity,
        name=describe(config),
        group=f"{config.env} {config.algo}",
        config=config.model_dump(mode="json"),
        sync_tensorboard=True,
    ):
        yield
