"""Evaluate trained agents in whole games: ``python -m agents.evaluate runs/mine``."""

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from agents.play.agent import find_runs
from agents.play.evaluation import Evaluation, add_game_settings, evaluate_run, evaluation_seed_of
from agents.play.pool import of_each_run
from agents.run.config import resolve_device
from agents.run.display import describe
from agents.run.settings import add_trust
from common.command_line import BAD_INPUT, ArgumentParser, run_command, tell, whole_number
from common.errors import UsageError
from common.processes import cores
from coordrl.compare.reading.folders import FOLLOW_LINKS

WIDTH = 120
"""Columns of the table where there is no terminal."""

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
        blind=arguments.blind,
        seed=evaluation_seed_of(arguments),
        env_kwargs=dict(arguments.env_kwargs),
        device=resolve_device(arguments.device),
    )
    runs, left_out = find_runs(arguments.runs, arguments.trust, arguments.follow_links)
    for reason in left_out:
        tell(f"left out: {reason}")
    results: dict[Path, Result] = {}
    failed = False
    evaluate = partial(evaluate_run, evaluation=evaluation)
    for run, result in of_each_run(runs, evaluate, arguments.processes):
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
    parser.add_argument(
        "--blind",
        action="store_true",
        help="play also with actions that are as frequent as the agent's, drawn without watching",
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


def evaluation_table(results: Sequence[Result]) -> Table:
    """Make a table of evaluations, a row a record."""
    table = Table(
        *("run", "actions", "coordinates", "games", "mean", "sd", "95 % interval"),
        *("relies", "nats"),
        box=None,
    )
    for column in table.columns[3:]:
        column.justify = "right"
    for result in results:
        name = f"{result['game']} {result['algorithm']} {result['arm']} seed {result['seed']}"
        for record in result["evaluations"]:
            actions = "greedy" if record["deterministic"] else "drawn"
            coordinates = {True: "on", False: "off", None: "-"}[record["coordinates"]]
            information = record["information"]
            nats = "-" if information is None else f"{information['nats']:.2g}"
            cells = _cells(record, record["n_eval_episodes"])
            table.add_row(name, actions, coordinates, *cells, _relies(record["reliance"]), nats)
            if "blind" in record:
                cells = _cells(record["blind"], record["n_eval_episodes"])
                table.add_row(name, f"{actions}, blind", coordinates, *cells, "-", "-")
    return table


def _cells(games: Result, number: int) -> tuple[str, ...]:
    interval, sd = games["interval"], games["sd"]
    return (
        str(number),
        f"{games['mean']:,.2f}",
        "-" if sd is None else f"{sd:,.2f}",
        "-" if interval is None else f"{interval[0]:,.2f} to {interval[1]:,.2f}",
    )


def _relies(reliance: Mapping[str, float | None] | None) -> str:
    """Say how far the greedy action changes: how often or, where it is continuous, by how much."""
    if reliance is None:
        return "-"
    changed = reliance["greedy_changed"]
    return f"{reliance['action_change']:.2f} sd" if changed is None else f"{100 * changed:.0f} %"


if __name__ == "__main__":
    sys.exit(run_command(main, None))
