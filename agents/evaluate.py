"""Evaluate trained agents in whole games: ``python -m agents.evaluate runs/mine``."""

import json
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from agents.play.agent import find_runs
from agents.play.evaluation import Evaluation, add_game_settings, evaluate_run, evaluation_seed_of
from agents.run.config import resolve_device
from agents.run.display import describe
from agents.run.folder import RunFolder
from agents.run.settings import add_trust
from common.command_line import BAD_INPUT, ArgumentParser, run_command, tell, whole_number
from common.errors import UsageError
from common.processes import cores
from coordrl.compare.reading.folders import FOLLOW_LINKS

WIDTH = 120
"""Columns of the table where there is no terminal."""

INTERRUPTS = {signal.SIGINT, signal.SIGTERM}

Result = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate agents as the command line says.

    :param argv: Arguments, those of the process if None
    :return: Exit code: 2 if a run could not be evaluated
    """
    arguments = make_parser().parse_args(argv)
    evaluation = Evaluation(
        n_eval_episodes=arguments.n_eval_episodes,
        n_envs=arguments.n_envs,
        deterministic=arguments.deterministic,
        without_coordinates=arguments.without_coordinates,
        seed=evaluation_seed_of(arguments),
        env_kwargs=dict(arguments.env_kwargs),
        device=resolve_device(arguments.device),
    )
    runs, left_out = find_runs(arguments.runs, arguments.trust, arguments.follow_links)
    for reason in left_out:
        tell(f"left out: {reason}")
    results: dict[Path, Result] = {}
    failed = False
    for run, result in evaluate_runs(runs, evaluation, arguments.processes):
        if isinstance(result, UsageError):
            failed = True
            tell(f"error: {result}")
        else:
            results[run.path] = result
            tell(f"evaluated: {describe(run.config)}")
    ordered = [results[run.path] for run in runs if run.path in results]
    if arguments.json:
        print(json.dumps(ordered, indent=2, ensure_ascii=False))
    elif ordered:
        Console(width=None if sys.stdout.isatty() else WIDTH).print(evaluation_table(ordered))
    return BAD_INPUT if failed else 0


def make_parser() -> ArgumentParser:
    """Make the parser, with the names that SB3 and RL Zoo have for these things."""
    parser = ArgumentParser(
        prog="python -m agents.evaluate",
        description="Evaluate trained agents in whole games; writes evaluation.json beside them.",
    )
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="folder of a run, or of runs"
    )
    parser.add_argument(
        "--n-eval-episodes",
        type=whole_number,
        default=10,
        help="games of each kind, shared out evenly among the environments (default: 10)",
    )
    parser.add_argument(
        "--n-envs",
        type=whole_number,
        default=8,
        help="environments at a time; another number means other games (default: 8)",
    )
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--deterministic",
        action="store_const",
        const=(True,),
        default=(False, True),
        help="take the most probable action only (default: one evaluation of each kind)",
    )
    kinds.add_argument(
        "--stochastic",
        dest="deterministic",
        action="store_const",
        const=(False,),
        help="draw actions only",
    )
    parser.add_argument(
        "--without-coordinates",
        action="store_true",
        help="play also with the coordinates of arms that have them switched off",
    )
    add_game_settings(parser)
    add_trust(parser)
    parser.add_argument("--follow-links", action="store_true", help=FOLLOW_LINKS)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto (default: cpu)")
    parser.add_argument(
        "--processes",
        type=whole_number,
        default=cores(),
        help="runs evaluated at a time; results do not depend on it (default: one a core)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    return parser


def evaluate_runs(
    runs: Sequence[RunFolder], evaluation: Evaluation, processes: int
) -> Iterator[tuple[RunFolder, Result | UsageError]]:
    """Evaluate runs, several at a time.

    :param processes: How many at a time
    :return: Each run with its result, or with what is wrong with it, as they come
    :raises UsageError: If a process was killed
    """
    if min(len(runs), processes) == 1:
        for run in runs:
            yield run, _evaluate(run, evaluation)
        return
    with _pool(min(len(runs), processes)) as pool:
        with _interrupts_held():
            futures = {pool.submit(_evaluate, run, evaluation): run for run in runs}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                raise UsageError(
                    "a process was killed, perhaps out of memory: try fewer --processes"
                ) from None


def _evaluate(run: RunFolder, evaluation: Evaluation) -> Result | UsageError:
    try:
        return evaluate_run(run, evaluation)
    except UsageError as error:
        return error


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Make worker processes, which end when the context does, however it ends."""
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    pool = ProcessPoolExecutor(processes, spawn, _take_termination)
    try:
        yield pool
        pool.shutdown()
    finally:
        for worker in multiprocessing.active_children():
            worker.terminate()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the processes that are started in this context are known.

    For them they wait for good: it is the parent that ends them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _take_termination() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def evaluation_table(results: Sequence[Result]) -> Table:
    """Make a table of evaluations, a row a record."""
    table = Table(
        "run", "actions", "coordinates", "games", "mean", "sd", "95 % interval", "relies", box=None
    )
    for column in table.columns[3:]:
        column.justify = "right"
    for result in results:
        name = f"{result['game']} {result['algorithm']} {result['arm']} seed {result['seed']}"
        for record in result["evaluations"]:
            table.add_row(name, *_cells(record))
    return table


def _cells(record: Result) -> tuple[str, ...]:
    interval, sd, reliance = record["interval"], record["sd"], record["reliance"]
    return (
        "greedy" if record["deterministic"] else "drawn",
        {True: "on", False: "off", None: "-"}[record["coordinates"]],
        str(record["n_eval_episodes"]),
        f"{record['mean']:,.2f}",
        "-" if sd is None else f"{sd:,.2f}",
        "-" if interval is None else f"{interval[0]:,.2f} to {interval[1]:,.2f}",
        _relies(reliance),
    )


def _relies(reliance: Mapping[str, float | None] | None) -> str:
    """Say how far the greedy action changes: how often or, where it is continuous, by how much."""
    if reliance is None:
        return "-"
    changed = reliance["greedy_changed"]
    return f"{reliance['action_change']:.2f} sd" if changed is None else f"{100 * changed:.0f} %"


if __name__ == "__main__":
    sys.exit(run_command(main, None))
