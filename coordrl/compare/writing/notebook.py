"""A comparison in a notebook: tables as pandas has them, curves on anybody's axes, HTML."""

from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from coordrl.compare.comparing.results import Comparison, Group
from coordrl.compare.comparing.words import OUTCOMES, algorithm_text
from coordrl.compare.errors import CompareError
from coordrl.compare.writing.figures.games import draw_curves
from coordrl.compare.writing.style import styles
from coordrl.compare.writing.tables import csv_rows, verdict_cells

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes


class NotebookComparison(Comparison):
    """A comparison that notebooks show; its tables need pandas."""

    @classmethod
    def of(cls, comparison: Comparison) -> "NotebookComparison":
        """Return what was found, for a notebook."""
        return cls(**{each.name: getattr(comparison, each.name) for each in fields(comparison)})

    def to_frame(self) -> "pandas.DataFrame":
        """Return a row for each game, algorithm and arm: the columns of ``comparison.csv``.

        :raises CompareError: if pandas is not installed
        """
        header, *rows = csv_rows(self)
        return _pandas().DataFrame(rows, columns=list(header))

    def curves(self) -> "pandas.DataFrame":
        """Return the learning curves of all seeds, a row for each of their points.

        The columns are game, algorithm, arm, seed, timestep, return (NaN before the first game
        has ended) and carried (whether it repeats the value before, for want of games).

        :raises CompareError: if pandas is not installed
        """
        pandas = _pandas()
        parts = [
            pandas.DataFrame(
                {
                    "game": group.game,
                    "algorithm": group.algorithm,
                    "arm": arm.arm,
                    "seed": np.repeat([each.seed for each in arm.seeds], arm.curve.seeds.shape[1]),
                    "timestep": np.tile(arm.curve.timesteps, len(arm.seeds)),
                    "return": arm.curve.seeds.ravel(),
                    "carried": arm.curve.carried.ravel(),
                }
            )
            for group in self.groups
            for arm in group.arms
        ]
        return pandas.concat(parts, ignore_index=True)

    def plot_curves(
        self, game: str | None = None, algorithm: str | None = None, *, ax: "Axes | None" = None
    ) -> "Axes":
        """Draw the arms' learning curves in one game: mean, 95 % t band and every seed.

        :param game: needed if there are several
        :param algorithm: needed if the game has several
        :param ax: where to draw; by default new axes of pyplot's
        :return: the axes
        :raises CompareError: if there is no such game, or not only one
        """
        group = self._group(game, algorithm)
        if ax is None:
            from matplotlib import pyplot

            _, ax = pyplot.subplots(layout="constrained")
        draw_curves(ax, group, styles(self.arms))
        return ax

    def _group(self, game: str | None, algorithm: str | None) -> Group:
        found = [
            group
            for group in self.groups
            if game in (None, group.game) and algorithm in (None, group.algorithm)
        ]
        if len(found) != 1:
            names = "; ".join(f"{group.game!r}, {group.algorithm!r}" for group in self.groups)
            raise CompareError(f"choose one game and algorithm of {names}")
        return found[0]

    def __repr__(self) -> str:
        """Return what is compared, and the headline."""
        return f"<{self.declared.name}: every arm against {self.baseline}: {self.headline}>"

    def _repr_html_(self) -> str:
        """Return the headline and a table of verdicts as HTML."""
        outcome = OUTCOMES[self.declared.outcome]
        header = ("game", "algorithm", "arm", "seeds", f"{outcome} ± 95 %")
        rows = [_html_row("th", *header, "difference", "95 % interval", "p", "verdict")]
        for group in self.groups:
            names = (group.game, algorithm_text(group.algorithm))
            for name, arm, contrast in group.rows():
                rows.append(_html_row("td", *names, name, *verdict_cells(arm, contrast)))
        title = f"{self.declared.name}: every arm against {self.baseline}"
        return (
            f"<p><b>{escape(title)}</b></p><p>{escape(self.headline)}</p>"
            f"<table>{''.join(rows)}</table>"
        )


def _html_row(tag: str, *cells: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise CompareError("tables in notebooks need pandas: pip install pandas") from None
    return pandas
