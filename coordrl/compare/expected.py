"""What a sequential study is expected to cost and to find, as a table for the terminal."""

from rich import box
from rich.table import Table

from coordrl.compare.comparing.words import number_text
from coordrl.compare.statistics.looks import Design
from coordrl.compare.statistics.simulated_looks import EFFECTS, MARGIN, Expected, expected

NOTE = (
    f"Simulated: normal scores, all arms with the same true difference, in standard deviations "
    f"between seeds; a margin of {MARGIN:g} of these. For differences of one and less a study that "
    f"trains all seeds finds more."
)


def expected_table(design: Design, cells: int, hours_per_run: float | None = None) -> Table:
    """Return what to expect if all arms differ from their baselines by 0 to 3 sd.

    :param cells: games x algorithms, each with a baseline of its own
    :param hours_per_run: CPU hours, None if unknown
    """
    looks = ", ".join(map(str, design.looks))
    table = Table(
        title=f"looks at {looks} seeds per arm; {design.family} comparisons",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    runs = design.looks[-1] * (design.family + cells)
    names = [
        "true difference",
        "found",
        "found with all seeds",
        "seeds per arm",
        f"runs of {runs:,}",
    ]
    for name in (*names, *(["CPU hours"] if hours_per_run is not None else [])):
        table.add_column(name, justify="right")
    for effect in EFFECTS:
        table.add_row(*_cells(expected(design, cells, effect), hours_per_run))
    return table


def _cells(found: Expected, hours_per_run: float | None) -> list[str]:
    hours = [] if hours_per_run is None else [number_text(hours_per_run * found.runs)]
    return [
        f"{found.effect:g} sd" if found.effect else "none",
        f"{found.power:.0%}" if found.effect else "",
        "" if found.fixed_power is None else f"{found.fixed_power:.0%}",
        f"{found.seeds:.1f}",
        f"{found.runs:,.0f}",
        *hours,
    ]
