"""The probe's page: what was found over all games, and how far off each arm is in each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.figure import Figure

from agents.probe.cells import TESTS, TRAINED_ON
from agents.probe.learning import MOVES
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
        most=max(row["n_frames"] for row in results),
        builds=Counter(", ".join(f"{k} {v}" for k, v in row["builds"].items()) for row in results),
    )
    path = folder / "index.html"
    write_bytes(path, text.encode())
    return path


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


def _of_game(results: Results) -> dict[str, Any]:
    """Return what the page says of a game: facts, skills, and errors of each coordinate."""
    return {
        "facts": _facts(results),
        "skills": _skills_of_game(results),
        "pixels": _pixels_of_game(results),
    }


def _facts(results: Results) -> str:
    """Say how many frames were learned from and tested on, and what learned nothing."""
    learned = sorted({row["n_trained"] for row in results})
    tested = [
        f"{row[test]['n_frames']:,} {test.replace('_', ' ')}"
        for row in results[:1]
        for test in TESTS
        if test in row
    ]
    left_out = [row["n_identical_left_out"] for row in results]
    ends = " to ".join(str(n) for n in sorted({min(left_out), max(left_out)}))
    text = (
        f"Learned from {' and '.join(f'{n:,}' for n in learned)} frames, tested on "
        f"{' and '.join(tested)}; {ends} of the test left out, as their images were also learned "
        f"from."
    )
    stuck = Counter((row["arm"], row["n_frames"]) for row in results if _is_stuck(row))
    if stuck:
        told = (f"{arm} ({n} with {n_frames:,} frames)" for (arm, n_frames), n in stuck.items())
        text += f" Trainings that named one place for all images: {', '.join(told)}."
    return text


def _is_stuck(row: dict[str, Any]) -> bool:
    """Tell whether a training names one place, whatever the image."""
    return all(spread is None or spread < MOVES for spread in row["shown"]["spread"])


def _skills_of_game(results: Results) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of a table: mean skills, the least and the most over seeds."""
    parts = [
        (n_frames, test)
        for n_frames in sorted({row["n_frames"] for row in results})
        for test in (TRAINED_ON, *TESTS)
        if any(test in row for row in results)
    ]
    rows = []
    for arm in _arms(results):
        texts = [arm]
        for n_frames, test in parts:
            found = [row[test]["skill"] for row in _of(results, arm, n_frames, test)]
            ends = f" ({min(found):.2f} to {max(found):.2f})" if len(found) > 1 else ""
            texts.append(f"{fmean(found):.2f}{ends}" if found else "-")
        rows.append(texts)
    return ["arm", *(condition_name(*one) for one in parts)], rows


def _pixels_of_game(results: Results) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of a table: each coordinate's error with the most frames."""
    most = max(row["n_frames"] for row in results)
    columns = {
        (test, name): f"{name}, {test.replace('_', ' ')}"
        for test in TESTS
        for row in results[:1]
        if test in row
        for name in row[test]["coordinates"]
    }
    rows = []
    for arm in _arms(results):
        texts = [arm]
        for test, name in columns:
            found = [
                row[test]["pixels"][row[test]["coordinates"].index(name)]
                for row in _of(results, arm, most, test)
            ]
            seen = [pixels for pixels in found if pixels is not None]
            texts.append(f"{fmean(seen):.1f}" if seen else "-")
        rows.append(texts)
    return ["arm", *columns.values()], rows


def _of(results: Results, arm: str, n_frames: int, test: str) -> list[dict[str, Any]]:
    return [
        row for row in results if (row["arm"], row["n_frames"]) == (arm, n_frames) and test in row
    ]


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
        panels[0].set_ylim(len(arms) - 0.5, -0.5)
        save(figure, path)
