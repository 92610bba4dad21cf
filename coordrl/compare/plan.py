"""``python -m coordrl.compare plan``: the seeds and timesteps that a study needs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.comparing.pilot import Horizon, StudyPlan, plan_study
from coordrl.compare.comparing.words import number_text
from coordrl.compare.errors import CompareError, Parser
from coordrl.compare.expected import NOTE, expected_table
from coordrl.compare.reading.folders import FOLLOW_LINKS
from coordrl.compare.reading.study import Request, read_study
from coordrl.compare.statistics.attainability import seeds_to_attain, unattainable
from coordrl.compare.statistics.looks import Design
from coordrl.compare.statistics.power import power, seeds_needed
from coordrl.compare.statistics.sequential import default_looks
from coordrl.compare.statistics.two_arms import ALPHA, MOST_SEEDS, POWER

_LONGER = (
    "Seeds hold for runs of these lengths only: where curves still rise, longer runs may change "
    "the difference, its spread and the margin."
)


def print_plan(arguments: Sequence[str]) -> None:
    """Print a plan, as the arguments after ``plan`` ask.

    :raises CompareError: if there is nothing to plan from
    """
    options = _make_parser().parse_args(arguments)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if options.pilot is not None:
        _plan_from_pilot(options, console)
    else:
        _plan_from_effect(options, console)


def _make_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m coordrl.compare plan",
        description="Plan the seeds and timesteps of a study: for 80 % power at a family-wise "
        "level of 5 %, after Holm's correction.",
    )
    parser.add_argument(
        "pilot",
        type=Path,
        nargs="?",
        help="folder of a pilot study; the effect is then its margin in each game",
    )
    parser.add_argument("--baseline", help="of the pilot (default: the study's, else standard)")
    parser.add_argument("--effect", type=_positive, help="without a pilot: the difference to find")
    parser.add_argument("--sd", type=_positive, help="its standard deviation between seeds")
    parser.add_argument(
        "--paired",
        action="store_true",
        help="without a pilot: plan the paired sign-flip test (the sd is then that of differences)",
    )
    parser.add_argument(
        "--family",
        type=_count,
        help="comparisons that are corrected for: games x algorithms x arms other than the "
        "baseline (default: the pilot's, else 1)",
    )
    parser.add_argument("--seeds", type=_count, help="seeds per arm you have in mind, to check")
    parser.add_argument(
        "--sequential",
        action="store_true",
        help="what to expect of a study that looks before all --seeds have run, and stops "
        "comparisons of which enough is known",
    )
    parser.add_argument("--follow-links", action="store_true", help=FOLLOW_LINKS)
    return parser


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"a number above 0 is needed, not {text}")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is needed, not {text}")
    return int(text)


def _print_sequential(
    options: argparse.Namespace,
    console: Console,
    family: int,
    cells: int = 1,
    hours_per_run: float | None = None,
    *,
    pairs: bool,
) -> None:
    if options.seeds is None:
        raise CompareError("--sequential needs --seeds, the most that an arm may have")
    if options.seeds < 2:
        raise CompareError("a sequential study needs two seeds per arm, and --seeds gives 1")
    looks = default_looks(options.seeds, family, pairs=pairs)
    if len(looks) == 1:
        console.print("No look before the last can show a difference: more seeds are needed.")
    design = Design(looks, family, pairs)
    console.print(expected_table(design, cells if family % cells == 0 else 1, hours_per_run))
    console.print(NOTE)


def _plan_from_effect(options: argparse.Namespace, console: Console) -> None:
    family = options.family or 1
    if options.sequential and options.effect is None and options.sd is None:
        _print_sequential(options, console, family, pairs=options.paired)
        return
    if options.effect is None or options.sd is None:
        raise CompareError("give the folder of a pilot study, or both --effect and --sd")
    _print_attainable(console, options.seeds, family, pairs=options.paired)
    needed = seeds_needed(options.effect, options.sd, ALPHA / family, pairs=options.paired)
    console.print(
        f"{_seeds(needed)} seeds per arm find a difference of {number_text(options.effect)} "
        f"(sd {number_text(options.sd)}) with {POWER:.0%} power after correction for "
        f"{_comparisons(family)}."
    )
    if options.seeds is not None:
        found = power(
            options.seeds, options.effect / options.sd, ALPHA / family, pairs=options.paired
        )
        console.print(f"{options.seeds} seeds per arm find it with {found:.0%} power.")
    if options.sequential:
        _print_sequential(options, console, family, pairs=options.paired)


def _plan_from_pilot(options: argparse.Namespace, console: Console) -> None:
    for name in ("effect", "sd", "paired"):
        if getattr(options, name):
            raise CompareError(f"--{name} comes from the pilot: leave it out, or the pilot")
    pilot = compare(
        read_study(options.pilot, request=Request(follow_links=options.follow_links)),
        options.baseline,
    )
    if not pilot.family:
        raise CompareError(f"the pilot has one arm ({pilot.baseline}): nothing to compare")
    plan = plan_study(pilot, options.family)
    _print_attainable(console, options.seeds, plan.family, pairs=pilot.declared.paired)
    console.print(_table(plan))
    for contrast in plan.contrasts:
        if contrast.note:
            console.print(f"{contrast.title}, {contrast.arm}: {contrast.note}.")
        elif contrast.rising:
            rising = " and ".join(contrast.rising)
            console.print(f"{contrast.title}: {rising} still rising at the end.")
    console.print(_LONGER)
    _print_total(console, plan)
    if options.sequential:
        cells, seconds = len(pilot.groups), plan.seconds_per_seed
        runs = sum(len(group.arms) for group in pilot.groups)
        hours = None if seconds is None else seconds / runs / 3600
        pairs = pilot.declared.paired
        _print_sequential(options, console, plan.family, cells, hours, pairs=pairs)


def _print_attainable(console: Console, seeds: int | None, family: int, *, pairs: bool) -> None:
    enough = seeds_to_attain(family, pairs=pairs)
    test = "paired sign-flip test" if pairs else "unpaired permutation test"
    at_all = f"from {enough} seeds per arm on" if enough else "with no number of seeds"
    console.print(
        f"Significance after correction for {_comparisons(family)} can be reached by the {test} "
        f"{at_all}."
    )
    warning = seeds and unattainable(seeds, family, pairs=pairs)
    if warning:
        console.print(f"warning: {warning}")


def _table(plan: StudyPlan) -> Table:
    table = Table(
        title=f"seeds per arm for a difference as large as the margin, {POWER:.0%} power",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("timesteps", overflow="fold")
    for name in ("difference", "sd", "margin", "seeds", "cautious"):
        table.add_column(name, justify="right", no_wrap=True)
    for contrast in plan.contrasts:
        table.add_row(Text(f"{contrast.title}, {contrast.arm}", style="bold"))
        for horizon in contrast.horizons:
            table.add_row(*_cells(horizon))
        table.add_section()
    return table


def _cells(horizon: Horizon) -> list[str]:
    return [
        f"  {horizon.timesteps:,}",
        number_text(horizon.difference, sign=True),
        number_text(horizon.sd),
        number_text(horizon.margin),
        _seeds(horizon.seeds) if horizon.margin else "no margin",
        _seeds(horizon.cautious) if horizon.margin else "",
    ]


def _print_total(console: Console, plan: StudyPlan) -> None:
    for cautious, words in ((False, "as in the pilot"), (True, "at its upper 80 % limit")):
        seeds = plan.seeds(cautious=cautious)
        if not seeds:
            console.print(f"With an sd {words}: nothing can be planned.")
            continue
        cost, part = "", ""
        if plan.seconds_per_seed is not None:
            hours = plan.seconds_per_seed * max(seeds) / 3600
            cost = f", about {number_text(hours)} processor hours"
        if len(seeds) < len(plan.contrasts):
            part = f", enough for {len(seeds)} of {_comparisons(len(plan.contrasts))}"
        console.print(f"With an sd {words}: {max(seeds):,} seeds per arm{cost}{part}.")


def _seeds(needed: int | None) -> str:
    return f"{needed:,}" if needed is not None else f"> {MOST_SEEDS:,}"


def _comparisons(family: int) -> str:
    return f"{family} comparison{'s' if family > 1 else ''}"
