"""Weights & Biases and MLflow, for those who use them: SB3's log goes there too.

``tracking.json`` in a run's folder names the tracker's run, which a resumed run goes on with, and
how far it has been logged: what a resumed run does again is not logged twice.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from stable_baselines3.common.logger import KVWriter

from agents.run.config import RunConfig
from agents.run.display import describe
from agents.run.folder import RunFolder
from agents.run.tracking import Tracking, without_password
from common.command_line import tell
from common.errors import UsageError, plain
from common.files import read_json, write_json

LONGEST_TAG = 64
"""Characters of a tag that Weights & Biases takes."""
LONGEST_PARAM = 500
"""Characters of a parameter that every MLflow takes."""


class TrackedRun(Protocol):
    """A run as a tracker has it."""

    id: str
    errors: tuple[type[Exception], ...]

    def log(self, values: Mapping[str, float], timesteps: int) -> None:
        """Log values at a timestep."""

    def end(self, error: BaseException | None) -> None:
        """End this attempt at it, which an error has ended if there is one."""


@contextmanager
def tracked(folder: RunFolder, tracking: Tracking) -> Iterator[KVWriter]:
    """Log a run to a tracker while the context lasts; yield an output for SB3's logger.

    :raises UsageError: If the tracker is not installed, or refuses the run
    """
    config, path = folder.config, folder.path / "tracking.json"
    record = _recorded(path, tracking)
    run = _begin(tracking, config, record.get("run"))
    output = TrackerOutput(run, path, {**record, "run": run.id})
    error: BaseException | None = None
    try:
        yield output
        score = folder.record["score"] if folder.finished else None
        if score is not None:
            output.log({"score": score["mean"]}, config.n_timesteps)
    except BaseException as raised:
        error = raised
        raise
    finally:
        output.attempt(run.end, error)


def prepare(tracking: Tracking) -> None:
    """Make what runs that begin at the same moment would all make: MLflow's experiment.

    :raises UsageError: If mlflow is not installed, or its server refuses
    """
    if tracking.tracker == "mlflow":
        Mlflow(tracking).experiment()


class TrackerOutput(KVWriter):
    """Sends SB3's log to a tracker; if that fails, training goes on without.

    :param path: The run's tracking.json
    :param record: What it is to hold
    """

    def __init__(self, run: TrackedRun, path: Path, record: dict[str, Any]) -> None:
        self.run, self.path, self.record = run, path, record
        self.logged_before = record["timesteps"]
        self.failed = False
        write_json(path, record)

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """Log a row, the same values as TensorBoard's, unless an earlier attempt did."""
        values = {
            name: float(value)
            for name, value in key_values.items()
            if isinstance(value, int | float | np.number)
            and "tensorboard" not in (key_excluded.get(name) or ())
        }
        if step > self.logged_before:
            self.log(values, step)

    def log(self, values: Mapping[str, float], timesteps: int) -> None:
        """Log values, and note how far the run has been logged."""
        self.attempt(self.run.log, values, timesteps)
        if not self.failed:
            self.record = {**self.record, "timesteps": timesteps}
            write_json(self.path, self.record)

    def attempt(self, method: Any, *arguments: Any) -> None:
        """Call a method of the tracker's run, unless one has failed."""
        if self.failed:
            return
        try:
            method(*arguments)
        except self.run.errors as error:
            self.failed = True
            tell(f"note: the run goes on without its tracker: {_one_line(error)}")

    def close(self) -> None:
        """Leave the tracker's run open: a checkpoint that is unusable begins another logger."""


def _recorded(path: Path, tracking: Tracking) -> dict[str, Any]:
    """Read which run of the tracker's an earlier attempt was logged to."""
    where = {
        "tracker": tracking.tracker,
        "project": tracking.project,
        "entity": tracking.entity,
        "server": _server(tracking),
    }
    try:
        record = read_json(path)
    except FileNotFoundError:
        record = {}
    known = {name: record.get(name) for name in where} == where
    run, timesteps = record.get("run"), record.get("timesteps")
    if known and isinstance(run, str) and isinstance(timesteps, int):
        return {**where, "run": run, "timesteps": timesteps}
    return {**where, "timesteps": 0}


def _server(tracking: Tracking) -> str | None:
    if tracking.tracker == "wandb":
        return None
    return without_password(tracking.server or str(_mlflow().get_tracking_uri()))


def _begin(tracking: Tracking, config: RunConfig, run: str | None) -> TrackedRun:
    begin = WandbRun if tracking.tracker == "wandb" else MlflowRun
    return begin(tracking, config, run)


def _tags(config: RunConfig) -> dict[str, str]:
    return {
        "arm": config.arm.name,
        "game": config.env,
        "algorithm": config.algo,
        "seed": str(config.seed),
    }


class WandbRun:
    """A run of Weights & Biases; ``WANDB_MODE=offline`` keeps it on this machine.

    :param run: Its id, if it is to be gone on with
    :raises UsageError: If wandb is not installed, or refuses the run
    """

    def __init__(self, tracking: Tracking, config: RunConfig, run: str | None) -> None:
        try:
            import wandb
        except ImportError:
            raise UsageError("--track wandb needs wandb: pip install -e '.[track]'") from None
        self.errors: tuple[type[Exception], ...] = (wandb.Error, OSError)
        tags = _tags(config)
        tags["seed"] = f"seed-{tags['seed']}"
        try:
            self.run = wandb.init(
                project=tracking.project,
                entity=tracking.entity,
                group=tracking.group,
                id=run,
                resume="allow",
                name=describe(config),
                tags=[tag[:LONGEST_TAG] for tag in tags.values()],
                config=config.model_dump(mode="json"),
                settings=wandb.Settings(console="off"),
            )
        except self.errors as error:
            raise UsageError(f"--track wandb: {_one_line(error)}") from None
        self.id = str(self.run.id)

    def log(self, values: Mapping[str, float], timesteps: int) -> None:
        """Log values at a timestep."""
        self.run.log(dict(values), step=timesteps)

    def end(self, error: BaseException | None) -> None:
        """End this attempt at it, which an error has ended if there is one."""
        self.run.finish(exit_code=0 if error is None else 1)


class Mlflow:
    """MLflow's server, or what it takes in place of one.

    :raises UsageError: If mlflow is not installed
    """

    def __init__(self, tracking: Tracking) -> None:
        self.name = tracking.project
        self.module = _mlflow()
        self.errors: tuple[type[Exception], ...] = (self.module.MlflowException, OSError)
        try:
            self.client = self.module.MlflowClient(tracking_uri=tracking.server)
        except (*self.errors, ImportError) as error:  # without a server more has to be installed
            raise UsageError(f"--track mlflow: {_one_line(error)}") from None

    def experiment(self) -> str:
        """Return the experiment's id; another run may be making it at this moment.

        :raises UsageError: If the server refuses
        """
        with self.refusals():
            found = self.client.get_experiment_by_name(self.name)
            if found is None:
                try:
                    return str(self.client.create_experiment(self.name))
                except self.module.MlflowException:
                    found = self.client.get_experiment_by_name(self.name)
                    if found is None:
                        raise
            return str(found.experiment_id)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Tell in a line what MLflow refuses."""
        try:
            yield
        except self.errors as error:
            raise UsageError(f"--track mlflow: {_one_line(error)}") from None


class MlflowRun:
    """A run of MLflow.

    :param run: Its id, if it is to be gone on with
    :raises UsageError: If mlflow is not installed, or refuses the run
    """

    def __init__(self, tracking: Tracking, config: RunConfig, run: str | None) -> None:
        server = Mlflow(tracking)
        self.errors, self.client = server.errors, server.client
        self.metric = server.module.entities.Metric
        with server.refusals():
            self.id = self._new(server, tracking, config) if run is None else run
            self.client.update_run(self.id, status="RUNNING")

    def log(self, values: Mapping[str, float], timesteps: int) -> None:
        """Log values at a timestep."""
        now = round(1000 * time.time())
        metrics = [self.metric(name, value, now, timesteps) for name, value in values.items()]
        self.client.log_batch(self.id, metrics=metrics)

    def end(self, error: BaseException | None) -> None:
        """End this attempt at it, which an error has ended if there is one."""
        interrupted = isinstance(error, KeyboardInterrupt)
        status = "FINISHED" if error is None else "KILLED" if interrupted else "FAILED"
        self.client.set_terminated(self.id, status)

    def _new(self, server: Mlflow, tracking: Tracking, config: RunConfig) -> str:
        group = {} if tracking.group is None else {"study": tracking.group}
        tags = {**_tags(config), **group}
        run = self.client.create_run(server.experiment(), tags=tags, run_name=describe(config))
        params = [
            server.module.entities.Param(name, text[:LONGEST_PARAM])
            for name, text in _flat(config.model_dump(mode="json")).items()
        ]
        self.client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)


def _mlflow() -> Any:
    try:
        import mlflow
    except ImportError:
        raise UsageError("--track mlflow needs mlflow: pip install -e '.[track]'") from None
    return mlflow


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Name the values of nested mappings by dotted paths.

    >>> _flat({"arm": {"name": "coord"}, "seed": 0})
    {'arm.name': 'coord', 'seed': '0'}
    """
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = str(value)
    return flat


def _one_line(error: Exception) -> str:
    return plain(" ".join(str(error).split())) or type(error).__name__
