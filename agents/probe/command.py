"""The probe's command line."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from agents.play.agent import find_runs
from agents.play.pool import of_each_run
from agents.probe.cells import FIRST_SEED, FRAMES, Cell, cells, train_cells
from agents.probe.frames import Store
from agents.probe.pictures import save_pictures
from agents.run.arm import find_arm
from agents.run.config import resolve_device
from agents.run.settings import add_trust
from common.command_line import (
    BAD_INPUT,
    FAILED,
    ArgumentParser,
    tell,
    whole_number,
    whole_number_or_zero,
)
from common.errors import UsageError
from common.files import locked, write_json
from common.jobs import Job, run_jobs
from common.processes import cores
from coordrl.compare.reading.folders import FOLLOW_LINKS
from envs import resolve_game
from envs.objects import GAMES, things

ARMS = (
    *("standard", "coord"),
    *("pooled", "fixed-code-pooled", "learned-pooled", "coord-pooled", "keypoints"),
)
SIZES = (500, 20_000)
MOST = 100_000
DEFAULT_GAMES = tuple(game for game in GAMES if game != "SpaceInvaders")
"""Eight: on Space Invaders, which has no held-out part, trials were made."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    :param argv: Its arguments; those of the process by default
    :return: Exit code: 0, or 1 if a training failed
    :raises UsageError: If an argument does not fit
    """
    options = _make_parser().parse_args(argv)
    code: int = options.run(options)
    return code


def _learn(options: argparse.Namespace) -> int:
    """Collect frames, train what is not trained yet, and write the page."""
    planned = _planned(options)
    if options.control not in (None, *options.arms):
        raise UsageError(f"--control {options.control} is not among --arms: add it there")
    output: Path = options.output
    output.mkdir(parents=True, exist_ok=True)
    with locked(output, "the probe in"):
        _refuse_others(planned, output)
        missing = [cell for cell in planned if cell.result(output) is None]
        groups = dict.fromkeys((cell.game, cell.seed) for cell in missing)
        jobs = [_job("frames", game, options) for game in dict.fromkeys(game for game, _ in groups)]
        failed = run_jobs(jobs, options.processes)
        if not failed:
            jobs = [_job("cell", game, options, seed) for game, seed in groups]
            total = len({(cell.game, cell.seed) for cell in planned})
            failed = run_jobs(jobs, options.processes, total - len(jobs))
        for job in failed:
            tell(f"failed: {job.name}: {job.last_line()}; see {job.log}")
        results = [result for cell in planned if (result := cell.result(output)) is not None]
        if results:
            _report(results, len(planned), options)
    return FAILED if failed else 0


def _refuse_others(planned: list[Cell], output: Path) -> None:
    """Refuse a folder with trainings that are not asked for: verdicts are of all of them."""
    asked = {cell.path(output) for cell in planned}
    others = sorted({*output.glob("*/*/frames-*/seed-*.json")} - asked)
    if others:
        raise UsageError(
            f"{output} has other trainings, such as {others[0].relative_to(output)}: ask for all "
            f"of them, or give --output a folder of its own"
        )


def _report(results: list[dict[str, Any]], planned: int, options: argparse.Namespace) -> None:
    # Trainings do without what only the page needs.
    from agents.probe.page import save_page
    from agents.probe.verdicts import compare_with_controls, told

    output: Path = options.output
    for game in {row["game"] for row in results}:
        if len({tuple(row["frames"]) for row in results if row["game"] == game}) > 1:
            raise UsageError(f"{output}: results of {game} are of different frames, delete some")
    found = compare_with_controls(results, options.control) if len(results) == planned else {}
    for family in found.values():
        for one in family:
            print(told(one))
    record = {control: [asdict(one) for one in family] for control, family in found.items()}
    write_json(output / "results.json", {"comparisons": record, "trainings": results})
    print(f"page: {save_page(results, found, planned, output)}")


def _frames(options: argparse.Namespace) -> int:
    options.games = [options.game]
    Store(options.output / FRAMES, options.game, _planned(options)[0].n_collected).collect()
    print(f"frames of {options.game}")
    return 0


def _cell(options: argparse.Namespace) -> int:
    torch.set_num_threads(1)
    torch.backends.cudnn.deterministic = True
    options.games = [options.game]
    todo = [cell for cell in _planned(options) if cell.seed == options.seed]
    train_cells(todo, options.output, lambda line: print(line, flush=True))
    return 0


def _read(options: argparse.Namespace) -> int:
    from agents.probe.agents_page import save_agents_page
    from agents.probe.reading import lines, read_run
    from agents.probe.verdicts import compare_agents, told

    folders, left_out = find_runs(options.paths, options.trust, options.follow_links)
    for reason in left_out:
        tell(f"left out: {reason}")
    known = [folder for folder in folders if folder.config.env in GAMES]
    if not known:
        raise UsageError(f"no run is of a game whose objects are known: {', '.join(GAMES)}")
    if len(known) < len(folders):
        tell(f"left out: {len(folders) - len(known)} runs of games whose objects are not known")
    names = [folder.config.relative_folder for folder in known]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"{twice[0]} is there twice: give runs of one study")
    read = partial(read_run, n_frames=options.frames, seed=options.seed, output=options.output)
    results, n_unread = [], 0
    for _, result in of_each_run(known, read, options.processes):
        if isinstance(result, UsageError):
            n_unread += 1
            tell(f"error: {result}")
        else:
            results.append(result)
            print("\n".join(lines(result)), flush=True)
    results.sort(key=lambda row: (row["game"], row["algo"], row["arm"], row["seed"]))
    if n_unread:
        tell("no verdicts while a run cannot be read")
    found = [] if n_unread else compare_agents(results)
    for one in found:
        print(told(one))
    if options.output is not None and results:
        values = {"comparisons": [asdict(one) for one in found], "agents": results}
        write_json(options.output / "results.json", values)
        print(f"page: {save_agents_page(results, found, n_unread, options.output)}")
    return BAD_INPUT if n_unread else 0


def _pictures(options: argparse.Namespace) -> int:
    for game in options.games:
        print(save_pictures(game, options.output))
    return 0


def _planned(options: argparse.Namespace) -> list[Cell]:
    for arm in options.arms:
        find_arm(arm).check_classes()
    sizes = sorted(set(options.frames))
    if sizes[-1] > MOST:
        raise UsageError(f"--frames {sizes[-1]}: give {MOST:,} at most")
    device = resolve_device(options.device)
    return list(cells(options.games, options.arms, sizes, options.seeds, options.updates, device))


def _settings(options: argparse.Namespace) -> list[str]:
    return [
        *("--arms", *options.arms),
        *("--seeds", str(options.seeds), "--updates", str(options.updates)),
        *("--frames", *map(str, options.frames), "--device", options.device),
    ]


def _job(command: str, game: str, options: argparse.Namespace, seed: int | None = None) -> Job:
    which = [] if seed is None else ["--seed", str(seed)]
    arguments = (command, game, "--output", str(options.output), *which, *_settings(options))
    name = f"{game} frames" if seed is None else f"{game} seed {seed}"
    return Job(name, "agents.probe", arguments, options.output / "logs" / name.replace(" ", "-"))


def _game(name: str) -> str:
    try:
        things(name)
        return resolve_game(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m agents.probe",
        description="Where is it? What networks can learn, and what agents know, about the places "
        "of objects in Atari games.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    learn = commands.add_parser("learn", help="train networks from scratch to name places")
    _add_output(learn, "runs/probe")
    learn.add_argument("--games", type=_game, nargs="+", default=list(DEFAULT_GAMES))
    _add_trainings(learn)
    learn.add_argument("--control", metavar="ARM", help="compare all others with this arm")
    learn.add_argument("--processes", type=whole_number, default=cores(), help="default: cores")
    learn.set_defaults(run=_learn)
    for name, run, text in (
        ("frames", _frames, "collect a game's frames, as learn does"),
        ("cell", _cell, "train a game's networks of one seed, as learn does"),
    ):
        part = commands.add_parser(name, help=text)
        part.add_argument("game", type=_game)
        _add_output(part, "runs/probe")
        _add_trainings(part)
        part.set_defaults(run=run)
        if name == "cell":
            part.add_argument("--seed", type=whole_number_or_zero, default=FIRST_SEED)
    read = commands.add_parser("read", help="read places out of the features of trained agents")
    read.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="runs, or folders of runs"
    )
    read.add_argument("--frames", type=whole_number, default=4000, help="default: 4000")
    read.add_argument(
        "--seed", type=whole_number_or_zero, default=0, help="of the games played (default: 0)"
    )
    read.add_argument(
        "-o",
        "--output",
        type=Path,
        help="folder for a file a run, the comparison and a page; what is there is not read again",
    )
    read.add_argument("--processes", type=whole_number, default=cores(), help="default: cores")
    read.add_argument("--follow-links", action="store_true", help=FOLLOW_LINKS)
    add_trust(read)
    read.set_defaults(run=_read)
    pictures = commands.add_parser("pictures", help="draw places on 50 screens of each game")
    pictures.add_argument("--games", type=_game, nargs="+", default=list(GAMES))
    _add_output(pictures, "runs/probe/pictures")
    pictures.set_defaults(run=_pictures)
    return parser


def _add_output(parser: argparse.ArgumentParser, default: str) -> None:
    text = f"folder (default: {default})"
    parser.add_argument("-o", "--output", type=Path, default=Path(default), help=text)


def _add_trainings(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--arms", nargs="+", default=list(ARMS), help=f"default: {' '.join(ARMS)}")
    add("--seeds", type=whole_number, default=6, help="number of seeds, from 100 (default: 6)")
    sizes = " ".join(map(str, SIZES))
    add("--frames", type=whole_number, nargs="+", default=list(SIZES), help=f"default: {sizes}")
    add("--updates", type=whole_number, default=4000, help="minibatches of 8 (default: 4000)")
    add("--device", default="cpu", help="cpu, cuda or auto (default: cpu)")
