"""The settings that a run and a study share: name, type, default, flag and help of each, once."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field

from agents.run.fields import Count, CountOrZero, Few
from common.command_line import key_value, whole_number
from envs import PROTOCOLS


@dataclass(frozen=True)
class Flag:
    """A setting's flag, whose name is ``--`` and that of the setting.

    :param help: What it does, without the default
    :param read: Reads its text; :func:`key_value` for a flag that takes several
    :param default: The default in words, where the setting's own value does not say it
    :param short: A short name beside it
    """

    help: str
    read: Callable[[str], Any] = str
    default: str | None = None
    short: str | None = None
    choices: tuple[str, ...] | None = None


PAIRS: dict[str, Any] = {"nargs": "+", "metavar": "NAME:VALUE"}

Kwargs = Annotated[dict[str, Any], Field(default_factory=dict)]


class RunSettings(BaseModel):
    """What can be said of one run, and of all runs of a study."""

    n_timesteps: Annotated[
        Any,
        Flag(
            "timesteps over all environments, rounded up to whole rollouts",
            whole_number,
            "as in agents/<algo>.yaml",
            short="-n",
        ),
    ]
    protocol: Annotated[str, Flag("Atari protocol", choices=tuple(PROTOCOLS))] = "classic"
    env_kwargs: Annotated[
        Kwargs,
        Flag("settings of the environment, such as full_action_space:true", key_value, "none"),
    ]
    eval_freq: Annotated[
        CountOrZero,
        Flag("evaluate every so many timesteps, in games of their own", int, "never"),
    ] = 0
    eval_episodes: Annotated[Few, Flag("games an evaluation", int)] = 5
    eval_env_kwargs: Annotated[
        Kwargs,
        Flag("settings of the environment that are different in evaluations", key_value, "none"),
    ]
    save_freq: Annotated[
        Count | None,
        Flag(
            "timesteps between two checkpoints, at which games start from new seeds; others in "
            "between change nothing",
            whole_number,
            "a twentieth of the run, at least 100,000",
        ),
    ] = None
    device: Annotated[str, Flag("cpu, cuda, cuda:1 or auto")] = "auto"
    num_threads: Annotated[Few, Flag("threads of a run", int)] = 1


def add_run_settings(parser: ArgumentParser) -> None:
    """Add the flags of all settings, and that of the hyper-parameters."""
    for name, field in RunSettings.model_fields.items():
        [flag] = [each for each in field.metadata if isinstance(each, Flag)]
        parser.add_argument(
            *filter(None, [flag.short, f"--{name.replace('_', '-')}"]),
            type=flag.read,
            choices=flag.choices,
            help=f"{flag.help} (default: {flag.default or field.default})",
            **(PAIRS if flag.read is key_value else {}),
        )
    parser.add_argument(
        "-params",
        "--hyperparams",
        type=key_value,
        default=[],
        help="replace hyper-parameters of agents/<algo>.yaml, such as n_envs:4",
        **PAIRS,
    )


def add_resume_inexactly(parser: ArgumentParser) -> None:
    """Add the flag that lets environments of the user's own begin anew on resuming."""
    parser.add_argument(
        "--resume-inexactly",
        action="store_true",
        help="resume environments other than Atari's with new episodes, instead of replaying their "
        "whole past: quick, also where they do not repeat themselves, but not the same bits",
    )


def add_trust(parser: ArgumentParser) -> None:
    """Add the flag by which a user lets a run's folder name code to import."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="import the classes and environments of your own that the runs name",
    )


def run_settings(arguments: Namespace) -> dict[str, Any]:
    """Return the settings that were given as flags."""
    given = {name: getattr(arguments, name) for name in RunSettings.model_fields}
    return {
        name: dict(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None
    }
