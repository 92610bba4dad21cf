"""How each network is trained: the paper's settings, and those that we found to be reliable."""

from dataclasses import dataclass
from math import cos, pi
from typing import Literal

TASKS = ("classification", "regression", "rendering")
MODELS = ("plain", "coordconv")


@dataclass(frozen=True)
class Recipe:
    """The settings of a training, all with Adam.

    :param learning_rate: the highest one
    :param schedule: ``"constant"``; ``"cosine"``: down to 0 along half a cosine; ``"step"``: a
        tenth of it after each fifth of the epochs, as the paper does every 200 of 1,000
    :param batch_size: places a step
    :param epochs: passes over the training places at most
    :param weight_decay: AdamW's, apart from the gradient (Loshchilov and Hutter 2019); in rendering
        of the part that finds the centre
    :param l2: what the paper uses instead: so much of the sum of all squared weights is added to
        the loss
    :param until_perfect: whether to stop as soon as all places are right, training and test
    :param evaluate_every: epochs between two evaluations
    :param inputs: places as ``"coordinates"`` from -1 to 1 or, as in the released code,
        ``"pixels"`` from 0 to 63
    :param coord_init: initial coordinate weights of regression, see :class:`coordrl.CoordConv2d`
    :param centre_loss: rendering with CoordConv: weight of a second loss, the cross-entropy of the
        centre; the released code offers it, with weight 1, and leaves it off
    :param width: what the number of filters is multiplied by
    :param kernel_size: of transposed convolutions
    """

    learning_rate: float
    epochs: int
    schedule: Literal["constant", "cosine", "step"] = "constant"
    batch_size: int = 16
    weight_decay: float = 0.0
    l2: float = 0.0
    until_perfect: bool = False
    evaluate_every: int = 1
    inputs: Literal["coordinates", "pixels"] = "coordinates"
    coord_init: Literal["default", "zeros"] = "default"
    centre_loss: float = 0.0
    width: int = 1
    kernel_size: int = 3

    def rate_at(self, progress: float) -> float:
        """Return the learning rate after a part of the steps, from 0 to 1."""
        if self.schedule == "cosine":
            return self.learning_rate * (1 + cos(pi * progress)) / 2
        if self.schedule == "step":
            return float(self.learning_rate * 0.1 ** int(5 * progress))
        return self.learning_rate


_DECONV = Recipe(0.01, epochs=150, schedule="step", batch_size=32, evaluate_every=5)

_RECIPES: dict[tuple[str, str], dict[str, Recipe]] = {
    ("classification", "coordconv"): {
        "default": Recipe(0.005, epochs=8, schedule="cosine", weight_decay=1.0, until_perfect=True),
        "no-decay": Recipe(0.005, epochs=8, schedule="cosine", until_perfect=True),
        "paper": Recipe(0.005, epochs=50, l2=0.001, inputs="pixels", until_perfect=True),
    },
    ("classification", "plain"): {
        "default": _DECONV,
        "slower": Recipe(0.002, epochs=150, schedule="step", batch_size=32, evaluate_every=5),
        "paper": Recipe(0.01, epochs=2000, l2=0.001, inputs="pixels", width=2, evaluate_every=10),
    },
    ("regression", "coordconv"): {
        "default": Recipe(0.003, epochs=10, schedule="cosine", batch_size=32, coord_init="zeros"),
        "paper": Recipe(0.01, epochs=100, l2=1e-5),
    },
    ("regression", "plain"): {
        "default": Recipe(0.001, epochs=60, schedule="cosine", batch_size=32),
        "paper": Recipe(0.01, epochs=100, l2=1e-5),
    },
    ("rendering", "coordconv"): {
        "default": Recipe(
            0.005,
            epochs=12,
            schedule="cosine",
            weight_decay=1.0,
            centre_loss=1.0,
            until_perfect=True,
        ),
        "paper": Recipe(0.005, epochs=50, l2=0.001, inputs="pixels", until_perfect=True),
    },
    ("rendering", "plain"): {
        "default": _DECONV,
        "paper": Recipe(0.01, epochs=2000, l2=0.001, inputs="pixels", width=2, evaluate_every=10),
    },
}


def recipe_names(task: str, model: str) -> list[str]:
    """Return the names of the recipes for a network, the default first."""
    return list(_RECIPES[task, model])


def find_recipe(task: str, model: str, name: str) -> Recipe:
    """Return a recipe by its name.

    :raises ValueError: if there is none of that name for this network
    """
    recipes = _RECIPES[task, model]
    if name not in recipes:
        known = ", ".join(recipes)
        raise ValueError(f"{task} with the {model} network has the recipes {known}, not {name!r}")
    return recipes[name]
