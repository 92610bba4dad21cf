"""Experiment trackers, by their flags: what ``agents.train`` and ``agents.study`` share."""

import os
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from urllib.parse import urlsplit

TRACKERS = ("wandb", "mlflow")


@dataclass(frozen=True)
class Tracking:
    """Where a run is logged besides its folder.

    :param project: Project of Weights & Biases, or experiment of MLflow
    :param entity: Team of Weights & Biases, the user's own if None
    :param group: What the run belongs to, such as a study
    :param server: MLflow's server or database, MLflow's own default if None
    """

    tracker: str
    project: str
    entity: str | None = None
    group: str | None = None
    server: str | None = None

    def flags(self) -> list[str]:
        """Return the flags that say so to ``agents.train``."""
        values = {
            "--track": self.tracker,
            "--track-project": self.project,
            "--track-group": self.group,
            "--wandb-entity": self.entity,
            "--mlflow-tracking-uri": self.server,
        }
        return [f"{flag}={value}" for flag, value in values.items() if value is not None]


def add_tracking(parser: ArgumentParser) -> None:
    """Add the flags that choose a tracker."""
    parser.add_argument("--track", choices=TRACKERS, help="log to Weights & Biases or MLflow too")
    parser.add_argument(
        "--track-project",
        default="coordrl",
        metavar="NAME",
        help="project of Weights & Biases, or experiment of MLflow (default: coordrl)",
    )
    parser.add_argument(
        "--track-group",
        metavar="NAME",
        help="group of the runs there (default: the study's name, and none for a single run)",
    )
    parser.add_argument("--wandb-entity", metavar="NAME", help="Weights & Biases team")
    parser.add_argument(
        "--mlflow-tracking-uri",
        metavar="URI",
        help="MLflow's server (default: MLFLOW_TRACKING_URI, or what MLflow takes without it)",
    )


def tracking_of(arguments: Namespace, study: str | None = None) -> Tracking | None:
    """Return what the flags ask for, None if runs are not tracked.

    :param study: The group where the flags name none
    """
    if arguments.track is None:
        return None
    # Runs may train in processes, and on machines, that do not have this one's environment. But
    # flags show in lists of processes: an address with a password stays in the environment.
    found = os.environ.get("MLFLOW_TRACKING_URI", "")
    server = arguments.mlflow_tracking_uri or (found if found == without_password(found) else None)
    return Tracking(
        tracker=arguments.track,
        project=arguments.track_project,
        entity=arguments.wandb_entity,
        group=arguments.track_group or study,
        server=(server or None) if arguments.track == "mlflow" else None,
    )


def without_password(address: str) -> str:
    """Return an address without the name and password that may be in it.

    >>> without_password("http://me:secret@127.0.0.1:5000"), without_password("sqlite:///runs.db")
    ('http://127.0.0.1:5000', 'sqlite:///runs.db')
    """
    parts = urlsplit(address)
    if parts.password is None:
        return address
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
