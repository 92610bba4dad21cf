"""The probe's page: what was found over all games, and how far off each arm is in each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from matplotlib.figure import Figure

from agents.probe.cells import TESTS
from agents.probe.verdicts import Results, condition_name, conditions, skills, told
from common.files import write_bytes
from coordrl.compare.statistics.families import Comparison
from coordrl.compare.statistics.two_arms import mean_interval
from coordrl.compare.writing.figures.canvas import look, save
from coordrl.compare.writing.templating import data_url, environment


def save_page(
    results: Results, found: Mapping[str, Sequence[Comparison]], planned: int, folder: Path
) -> Path:
    """Write ``index.html`` and its figures.

    :param results: Of finished trainings, at least one
    :param found: Comparisons with controls, by control; none while trainings are missing
    :param planned: How many trainings there are to be
    :return: The page
    """
    _save_figure(results, folder / "skill")
    games = sorted({row["game"] for row in results})
    of_games = {game: [row for row in results if row["game"] == game] for game in games}
    page = environment("agents.probe").get_template("page.html.j2")
    text = page.render(
        n_updates=results[0]["n_updates"],
        n_results=len(results),
        planned=planned,
        found={control: map(told, family) for control, family in found.items()},
        figure=data_url("svg+xml", (folder / "skill.svg").read_bytes()),
        headings=["arm", *(condition_name(*one) for one in conditions(results))],
        overall=_overall(results),
        whole=[game for game, rows in of_games.items() if not any(TESTS[1] in r for r in rows)],
        games={game: _of_game(rows) for game, rows in of_games.items()},
    )
    path = folder / "index.html"
    write_bytes(path, text.encode())
    return path


def mean_errors(
    results: Results, arm: str, n_frames: int, test: str
) -> tuple[float, float, int] | None:
    """Average an arm's errors over coordinates, then over seeds.

    :return: Means of pixels and of R2, and the number of seeds; None if there are none
    """
    rows = [
        row[test]
        for row in results
        if (row["arm"], row["n_frames"]) == (arm, n_frames) and test in row
    ]
    if not rows:
        return None
    pixels, r2 = (
        fmean(fmean(value for value in row[name] if value is not None) for row in rows)
        for name in ("pixels", "r2")
    )
    return pixels, r2, len(rows)


def _arms(results: Results) -> list[str]:
    return list(dict.fromkeys(row["arm"] for row in results))


def _overall(results: Results) -> list[list[str]]:
    """Return the table of skills over all games."""
    rows = []
    for arm in _arms(results):
        texts = [arm]
        for condition in conditions(results):
            found = skills(results, arm, *condition)
            if not found:
                texts.append("-")
                continue
            interval = mean_interval(found)
            ends = f" ({interval.low:.2f} to {interval.high:.2f})" if interval else ""
            texts.append(f"{fmean(found):.2f}{ends}, {len(found)} seeds")
        rows.append(texts)
    return rows


def _of_game(results: Results) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the rows of the table of a game's errors."""
    columns = conditions(results)
    rows = []
    for arm in _arms(results):
        found = [mean_errors(results, arm, *condition) for condition in columns]
        seeds = max(one[2] for one in found if one)
        texts = [f"{one[0]:.1f} ({one[1]:.2f})" if one else "-" for one in found]
        rows.append([arm, *texts, str(seeds)])
    return ["arm", *(condition_name(*one) for one in columns), "seeds"], rows


def _save_figure(results: Results, path: Path) -> None:
    """Draw the skill of each arm, a panel a condition and a mark a seed."""
    columns, arms = conditions(results), _arms(results)
    with look():
        figure = Figure(figsize=(2.2 + 2.2 * len(columns), 0.6 + 0.3 * len(arms)))
        figure.set_layout_engine("constrained")
        panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axes, (n_frames, test) in zip(panels, columns, strict=True):
            for place, arm in enumerate(arms):
                found = skills(results, arm, n_frames, test)
                axes.plot(found, [place] * len(found), "o", color="C0", alpha=0.6, markersize=4)
            axes.set(title=condition_name(n_frames, test).replace(", ", "\n"), xlabel="skill")
            axes.set(yticks=range(len(arms)), yticklabels=arms)
            axes.axvline(0, color="0.6", linewidth=0.8)
        panels[0].invert_yaxis()
        save(figure, path)
