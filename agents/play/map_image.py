"""A picture of what a network has learned to do with its coordinates."""

from pathlib import Path

import torch
from matplotlib.figure import Figure

from common.files import write_atomically
from coordrl.inspect import coordinate_maps, map_image

COLUMNS = 3
INCHES = 4.0
"""Width and height of a layer's maps."""


def draw_coordinate_maps(network: torch.nn.Module, path: Path) -> None:
    """Draw the coordinate maps of all CoordConv layers of a policy, a panel a layer.

    :param network: The policy
    :param path: PNG file to write
    """
    maps = coordinate_maps(network)
    columns = min(len(maps), COLUMNS)
    rows = -(-len(maps) // columns)
    figure = Figure(figsize=(columns * INCHES, rows * INCHES), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for panel in panels:
        panel.axis("off")
    for panel, (name, values) in zip(figure.axes, maps.items(), strict=False):
        panel.imshow(map_image(values), interpolation="nearest")
        panel.set_title(f"{name}\nred +, blue -, full colour {values.abs().max():.2g}", fontsize=8)
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=150))
