"""The report: one HTML file that opens offline."""

import sys
from importlib.metadata import version
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

import coordrl
from coordrl.compare import text
from coordrl.compare.charts import curves_chart, scores_chart
from coordrl.compare.permutation import DRAW_SEED, DRAWS, EXACT_LIMIT
from coordrl.compare.results import Comparison, Group
from coordrl.compare.statistics import ALPHA, POWER

#: Timesteps of the published Atari results (RL Zoo, CleanRL): 40 million frames.
PUBLISHED_TIMESTEPS = 10_000_000
# Facts that differ between more runs than this (dates, commands) are counted, not listed.
_LISTED_VALUES = 4
_PACKAGES = ("numpy", "scipy", "plotly", "matplotlib")


def save_report(comparison: Comparison, path: Path) -> None:
    """Write the report.

    :param comparison: what was found
    :param path: the HTML file
    """
    environment = Environment(
        loader=PackageLoader("coordrl.compare"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=text.number,
        signed=lambda value: text.number(value, sign=True),
        p=text.p_text,
        interval=text.interval_text,
        plus_minus=text.plus_minus,
        needed=text.seeds_text,
        duration=_duration,
    )
    html = environment.get_template("report.html.j2").render(
        comparison=comparison,
        plan=comparison.plan,
        baseline=comparison.baseline,
        panels=[_panel(k, group, comparison.arms) for k, group in enumerate(comparison.groups)],
        reading=_reading(comparison),
        provenance=_provenance(comparison),
        plotly=Markup(get_plotlyjs()),  # plotly's own, not user text
        alpha=ALPHA,
        power=POWER,
        exact_limit=EXACT_LIMIT,
        draws=DRAWS,
        draw_seed=DRAW_SEED,
    )
    path.write_text(html, encoding="utf-8")


def _panel(k: int, group: Group, arms: tuple[str, ...]) -> dict[str, object]:
    """Return a game's charts and what must be said beside them."""
    return {
        "group": group,
        "curves": _chart(curves_chart(group, arms), f"curves-{k}"),
        "scores": _chart(scores_chart(group, arms), f"scores-{k}"),
        "caveats": _caveats(group),
    }


def _chart(figure: go.Figure, name: str) -> Markup:
    config = {"displayModeBar": False, "responsive": True}
    html = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=config)
    return Markup(html)  # plotly escapes the text in it


def _caveats(group: Group) -> list[str]:
    caveats = []
    if any(len(arm.seeds) == 1 for arm in group.arms):
        single = ", ".join(arm.arm for arm in group.arms if len(arm.seeds) == 1)
        caveats.append(f"A single seed has no band: {single}.")
    if not group.informative:
        caveats.append("No arm is shown to beat random play.")
    if any(arm.curve.carried.any() for arm in group.arms):
        caveats.append(
            "Open circles: no game of some seed ended in the window; its last value is carried on."
        )
    return caveats


def _reading(comparison: Comparison) -> list[str]:
    """Return what keeps a reader from concluding too much, for these runs."""
    lines = []
    # Games with a score of random play are Atari games.
    atari = [group.n_timesteps for group in comparison.groups if group.random_score is not None]
    longest = max(atari, default=PUBLISHED_TIMESTEPS)
    if longest < PUBLISHED_TIMESTEPS:
        lines.append(
            f"The runs last {longest:,} timesteps, {100 * longest / PUBLISHED_TIMESTEPS:.2g} % of "
            f"the {PUBLISHED_TIMESTEPS:,} behind published Atari scores: early learning, at best."
        )
    seeds = [len(arm.seeds) for group in comparison.groups for arm in group.arms]
    most = f"{min(seeds)} to {max(seeds)}" if min(seeds) != max(seeds) else f"{max(seeds)}"
    lines.append(
        f"Every arm has {most} {'seed' if max(seeds) == 1 else 'seeds'} per game and algorithm. "
        "The seed is the unit of every test: games of one run share its network and are not "
        "independent."
    )
    powerless = [c for _, c in comparison.contrasts() if c.p_possible and c.p_possible > ALPHA]
    if powerless:
        lines.append(
            f"For {len(powerless)} of {comparison.family} comparisons even the most extreme scores "
            f"could not have been significant (smallest possible corrected p: "
            f"{text.p_text(min(c.p_possible or 1 for c in powerless))})."
        )
    lines.append("“Inconclusive” means not known. It does not mean that the arms are equal.")
    return lines


def _provenance(comparison: Comparison) -> list[tuple[str, str]]:
    rows = []
    for name, counts in comparison.provenance.items():
        if len(counts) > _LISTED_VALUES:
            rows.append((name, f"{len(counts)} different values, see each run.json"))
        elif len(counts) == 1:
            rows.append((name, next(iter(counts))))
        else:
            rows.append((name, "; ".join(f"{value} ({n} runs)" for value, n in counts.items())))
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    packages = [f"{name} {version(name)}" for name in _PACKAGES]
    return [
        *rows,
        ("this report", ", ".join([f"coordrl {coordrl.__version__}", python, *packages])),
    ]


def _duration(seconds: float | None) -> str:
    """Return wall time for people."""
    if seconds is None:
        return text.NONE
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
