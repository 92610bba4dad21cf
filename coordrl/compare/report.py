"""The report: one HTML file that opens offline."""

from functools import partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from coordrl.compare import text
from coordrl.compare.page.bars import Bars
from coordrl.compare.page.caveats import caveats
from coordrl.compare.page.coordinates import MOST_MAPS, map_images, trained_agents
from coordrl.compare.page.cost import costs
from coordrl.compare.page.data import page_json
from coordrl.compare.page.repeat import provenance, steps
from coordrl.compare.permutation import DRAW_SEED, DRAWS, EXACT_LIMIT
from coordrl.compare.results import Comparison
from coordrl.compare.statistics import ALPHA, POWER
from coordrl.compare.style import styles
from coordrl.compare.thresholds import SHARES


def save_report(comparison: Comparison, path: Path) -> None:
    """Write the report.

    :param comparison: what was found
    :param path: the HTML file
    """
    html = (
        _environment()
        .get_template("report.html.j2")
        .render(
            comparison=comparison,
            plan=comparison.plan,
            baseline=comparison.baseline,
            overall=text.overall(comparison.aggregates, comparison.baseline),
            caveats=caveats(comparison),
            bars=Bars(comparison),
            looks=styles(comparison.arms),
            games=list(dict.fromkeys(group.game for group in comparison.groups)),
            algorithms=_algorithms(comparison),
            shares=SHARES,
            costs=costs(comparison),
            agents=trained_agents(comparison),
            maps=map_images(comparison),
            most_maps=MOST_MAPS,
            steps=steps(comparison),
            provenance=provenance(comparison),
            data=Markup(page_json(comparison)),  # JSON without "<"
            plotly=Markup(get_plotlyjs()),  # plotly's own, not user text
            alpha=ALPHA,
            power=POWER,
            exact_limit=EXACT_LIMIT,
            draws=DRAWS,
            draw_seed=DRAW_SEED,
        )
    )
    path.write_text(html, encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("coordrl.compare"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=text.number,
        signed=partial(text.number, sign=True),
        p=text.p_text,
        interval=text.interval_text,
        plus_minus=text.plus_minus,
        estimate=text.estimate_text,
        needed=text.seeds_text,
        reach=text.reach_text,
        count=text.count_text,
        duration=text.duration_text,
        algorithm=text.algorithm_text,
        dashes=_dashes,
    )
    return environment


def _algorithms(comparison: Comparison) -> list[tuple[str, str]]:
    names = dict.fromkeys(group.algorithm for group in comparison.groups)
    return [(name, text.algorithm_text(name)) for name in names]


def _dashes(dash: tuple[float, ...], width: float) -> str:
    """Return a style's dash for an SVG line of some width."""
    return " ".join(f"{width * length:g}" for length in dash) or "none"
