"""The report: one HTML file that opens offline."""

from functools import partial
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from coordrl.compare.comparing import words
from coordrl.compare.comparing.curves import SHARES
from coordrl.compare.comparing.results import Comparison
from coordrl.compare.statistics.permutation import DRAW_SEED, DRAWS, EXACT_LIMIT
from coordrl.compare.statistics.two_arms import ALPHA, POWER
from coordrl.compare.writing.page.bars import Bars
from coordrl.compare.writing.page.caveats import caveats
from coordrl.compare.writing.page.coordinates import MOST_MAPS, map_images, trained_agents
from coordrl.compare.writing.page.cost import costs
from coordrl.compare.writing.page.data import page_json
from coordrl.compare.writing.page.looks import WIDTH, look_rows
from coordrl.compare.writing.page.plotly import plotly_js
from coordrl.compare.writing.page.repeat import provenance, steps
from coordrl.compare.writing.points import games_meant, of_evaluations
from coordrl.compare.writing.style import styles
from coordrl.compare.writing.templating import environment


def save_report(comparison: Comparison, path: Path) -> None:
    """Write the report."""
    html = (
        _environment()
        .get_template("report.html.j2")
        .render(
            comparison=comparison,
            declared=comparison.declared,
            baseline=comparison.baseline,
            overall=words.overall(comparison.aggregates, comparison.baseline),
            caveats=caveats(comparison),
            bars=Bars(comparison),
            looks=styles(comparison.arms),
            games=list(dict.fromkeys(group.game for group in comparison.groups)),
            games_meant=games_meant(comparison.groups),
            of_evaluations=of_evaluations(comparison.groups),
            algorithms=_algorithms(comparison),
            shares=SHARES,
            costs=costs(comparison),
            agents=trained_agents(comparison),
            maps=map_images(comparison),
            most_maps=MOST_MAPS,
            look_rows=look_rows(comparison),
            look_width=WIDTH,
            steps=steps(comparison),
            provenance=provenance(comparison),
            data=Markup(page_json(comparison)),  # JSON without "<"
            plotly=Markup(plotly_js()),  # plotly's own, not user text
            alpha=ALPHA,
            power=POWER,
            exact_limit=EXACT_LIMIT,
            draws=DRAWS,
            draw_seed=DRAW_SEED,
        )
    )
    path.write_text(html, encoding="utf-8")


def _environment() -> Environment:
    found = environment()
    found.filters.update(
        number=words.number_text,
        signed=partial(words.number_text, sign=True),
        p=words.p_text,
        interval=words.interval_text,
        plus_minus=words.plus_minus,
        estimate=words.estimate_text,
        needed=words.seeds_text,
        size=words.size_text,
        look=words.look_text,
        state=words.state_text,
        reach=words.reach_text,
        count=words.count_text,
        duration=words.duration_text,
        algorithm=words.algorithm_text,
        dashes=_dashes,
    )
    return found


def _algorithms(comparison: Comparison) -> list[tuple[str, str]]:
    names = dict.fromkeys(group.algorithm for group in comparison.groups)
    return [(name, words.algorithm_text(name)) for name in names]


def _dashes(dash: tuple[float, ...], width: float) -> str:
    """Return a style's dash for an SVG line of some width."""
    return " ".join(f"{width * length:g}" for length in dash) or "none"
