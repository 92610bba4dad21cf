"""Conversion: the convolutions of any torch model become CoordConv, with the weights they have."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn
from torch.nn.modules.conv import _ConvNd

from coordrl.coord_conv import CoordConvBase, CoordInit
from coordrl.coordinates import LEARNED
from coordrl.layers import (
    CoordConv1d,
    CoordConv2d,
    CoordConv3d,
    CoordConvTranspose1d,
    CoordConvTranspose2d,
    CoordConvTranspose3d,
)
from coordrl.plain import input_sizes, why_not_plain

Where = Literal["first", "all"] | Callable[[str, _ConvNd], bool]

_TWINS: dict[type[_ConvNd], type[CoordConvBase]] = {
    twin.plain_class: twin
    for twin in (
        CoordConv1d,
        CoordConv2d,
        CoordConv3d,
        CoordConvTranspose1d,
        CoordConvTranspose2d,
        CoordConvTranspose3d,
    )
}

_SINGLE_PIXELS = "its inputs are single pixels, whose coordinates are all 0"
_NO_ONE_SIZE = "it gets no inputs, or of several sizes, and a learned map has one"


@dataclass(frozen=True)
class ConvertedLayer:
    """A convolution that was swapped.

    :param names: All names by which the module holds it, the first one first
    :param layer: The new layer
    """

    names: tuple[str, ...]
    layer: CoordConvBase

    @property
    def extra_parameters(self) -> int:
        """Number of coordinate weights."""
        return self.layer.coord_weight.numel()

    def __str__(self) -> str:
        also = f" (also {', '.join(self.names[1:])})" if len(self.names) > 1 else ""
        return f"{self.names[0] or 'the module'}: {self.layer}, +{self.extra_parameters:,}{also}"


@dataclass(frozen=True)
class Conversion:
    """What :func:`to_coordconv` did.

    :param module: The converted module: the one given, unless that was itself a convolution
    :param layers: The swapped convolutions
    :param left: The selected convolutions that were left as they are, and why, by name

    >>> conversion = to_coordconv(nn.Sequential(nn.Conv2d(3, 8, 3)), with_r=True)
    >>> conversion.layers[0].names, conversion.extra_parameters
    (('0',), 216)
    """

    module: nn.Module
    layers: tuple[ConvertedLayer, ...]
    left: dict[str, str]

    @property
    def extra_parameters(self) -> int:
        """Number of coordinate weights, target networks' included."""
        return sum(layer.extra_parameters for layer in self.layers)

    def __str__(self) -> str:
        title = f"{len(self.layers)} now CoordConv, {self.extra_parameters:,} more parameters:"
        left = [f"left as it is: {_explain(name, why)}" for name, why in self.left.items()]
        return "\n  ".join([title, *map(str, self.layers), *left])


def to_coordconv(
    module: nn.Module,
    where: Where = "first",
    *,
    with_r: bool = False,
    code: str = "coordinates",
    coord_init: CoordInit = "default",
    example: Any = None,
) -> Conversion:
    """Swap a model's convolutions for CoordConv, in place.

    Plain and transposed convolutions in one to three dimensions are swapped, of exactly torch's
    classes: lazy, parametrised and other subclasses are left as they are, as are those with hooks
    of any kind, with a computed weight (weight norm, pruning), or with attributes, buffers or
    methods of their own, such as a patched ``forward``. The new layers hold the same weights, as
    the same Parameters, and no global random number is drawn. A convolution that is used in several
    places is swapped in all of them.

    A Stable-Baselines3 policy is to be converted before it is trained. Its optimizers learn the
    coordinate weights too, where they learn the convolution's weight, and its target networks get
    the coordinate weights of the networks they follow. Any other optimizer is to be made after the
    conversion. SB3's ``load`` builds the policy from its arguments, without coordinates: to load a
    converted model, make and convert it again and call ``model.set_parameters(path)``.

    :param module: The model
    :param where: ``"first"``, the first convolution of the module (in the order of
        ``module.modules()``), or of each of its SB3 feature extractors; ``"all"``; or a function
        that is given a convolution's name and the convolution. It is not asked about target
        networks, which follow their networks
    :param with_r: Whether the distance from the centre is a coordinate too
    :param code: What the coordinate channels hold, see :class:`coordrl.CoordConv2d`
    :param coord_init: Initial coordinate weights, see :class:`coordrl.CoordConv2d`; for policies of
        A2C and PPO, ``"orthogonal"`` is the scale of the weights they have
    :param example: An input of the module, with which it is called once, in evaluation mode, to see
        which convolutions get single pixels, as after global pooling. The coordinates of a single
        pixel are all 0, so these convolutions are left as they are. ``code="learned"`` needs it,
        to see how large a map each convolution is to have
    :return: What was changed, to be printed or read
    :raises ValueError: If there is nothing to convert, or a learned map has no example

    >>> print(to_coordconv(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))))
    1 now CoordConv, 144 more parameters:
      0: CoordConv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), with_r=False), +144
    """
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"{type(module).__name__} is not a torch module: of an SB3 model, give model.policy"
        )
    convs = _convolutions(module)
    followed = {conv: _followed_by(module, conv, names[0]) for conv, names in convs.items()}
    selected = _select(module, convs, followed, where)
    if code == LEARNED and example is None:
        raise ValueError("code='learned' needs an example input: a map is as large as its output")
    sizes = input_sizes(module, example) if example is not None else {}
    # A network and its target are swapped together or not at all.
    leading = dict.fromkeys(followed[conv] for conv in selected)
    of_sizes = {conv: why for conv in leading if (why := _why_not_sizes(conv, code, sizes))}
    reasons = of_sizes | {followed[conv]: why for conv in selected if (why := _why_not(conv))}
    left = {
        convs[conv][0]: reasons[followed[conv]] for conv in selected if followed[conv] in reasons
    }
    twins = {
        conv: _TWINS[type(conv)].from_conv(
            conv,
            with_r=with_r,
            code=code,
            coord_init=coord_init,
            input_size=next(iter(sizes[followed[conv]])) if code == LEARNED else None,
        )
        for conv in selected
        if convs[conv][0] not in left
    }
    if not twins:
        raise ValueError(f"nothing to convert: {_why_nothing(module, convs, left)}")
    _swap(module, twins)
    _teach_optimizers(module, twins.values())
    if isinstance(module, BasePolicy):
        _match_targets(module, twins.values())
    return Conversion(
        module=twins[module] if isinstance(module, _ConvNd) else module,
        layers=tuple(ConvertedLayer(tuple(convs[conv]), twin) for conv, twin in twins.items()),
        left=left,
    )


def _convolutions(module: nn.Module) -> dict[_ConvNd, list[str]]:
    """Find all convolutions, in the order of ``module.modules()``, with all their names."""
    found: dict[_ConvNd, list[str]] = {}
    for name, part in module.named_modules(remove_duplicate=False):
        if isinstance(part, _ConvNd):
            found.setdefault(part, []).append(name)
    return found


def _select(
    module: nn.Module,
    convs: dict[_ConvNd, list[str]],
    followed: dict[_ConvNd, _ConvNd],
    where: Where,
) -> list[_ConvNd]:
    if where == "all":
        return list(convs)
    if where == "first":
        firsts: dict[nn.Module, _ConvNd] = {}
        for conv, names in convs.items():
            firsts.setdefault(_extractor_around(module, names[0]), conv)
        return list(firsts.values())
    if not callable(where):
        raise ValueError(f'where={where!r} is unknown: use "first", "all" or a function')
    answers = {conv: where(convs[conv][0], conv) for conv in dict.fromkeys(followed.values())}
    return [conv for conv in convs if answers[followed[conv]]]


def _extractor_around(module: nn.Module, name: str) -> nn.Module:
    """Return the innermost SB3 feature extractor around a part, or the whole module."""
    path = name.split(".")
    for depth in reversed(range(len(path))):
        part = module.get_submodule(".".join(path[:depth]))
        if isinstance(part, BaseFeaturesExtractor):
            return part
    return module


def _targets(policy: BasePolicy) -> dict[str, tuple[nn.Module, nn.Module]]:
    """Return SB3's target networks by name, each with the network that it follows."""
    children = dict(policy.named_children())
    return {
        name: (target, children[name.removesuffix("_target")])
        for name, target in children.items()
        if name.endswith("_target") and name.removesuffix("_target") in children
    }


def _followed_by(module: nn.Module, conv: _ConvNd, name: str) -> _ConvNd:
    """Return what a target network's convolution follows: its counterpart; others themselves."""
    head, _, rest = name.partition(".")
    if isinstance(module, BasePolicy) and head in (targets := _targets(module)):
        counterpart = targets[head][1].get_submodule(rest)
        assert isinstance(counterpart, _ConvNd)
        return counterpart
    return conv


def _why_not(conv: _ConvNd) -> str | None:
    """Say why a convolution cannot be swapped, if so."""
    if isinstance(conv, CoordConvBase):
        return "it has coordinates already"
    if type(conv) not in _TWINS:
        return f"it is a {type(conv).__name__}, not one of torch's own convolutions"
    why = why_not_plain(conv)
    return f"it {why}" if why else None


def _why_not_sizes(
    conv: _ConvNd, code: str, sizes: dict[nn.Module, set[tuple[int, ...]]]
) -> str | None:
    """Say why the sizes of its inputs keep a convolution from being swapped, if so."""
    its = sizes.get(conv, set())
    if code == "coordinates" and its == {(1,) * len(conv.kernel_size)}:
        return _SINGLE_PIXELS
    return _NO_ONE_SIZE if code == LEARNED and len(its) != 1 else None


def _why_nothing(module: nn.Module, convs: dict[_ConvNd, list[str]], left: dict[str, str]) -> str:
    if not convs:
        return f"{type(module).__name__} has no convolution"
    if left:
        return "; ".join(_explain(name, why) for name, why in left.items())
    return f"where selects none of {', '.join(names[0] for names in convs.values())}"


def _explain(name: str, why: str) -> str:
    return f"{name}, because {why}" if name else why


def _swap(module: nn.Module, twins: dict[_ConvNd, CoordConvBase]) -> None:
    for parent in list(module.modules()):
        for name, part in list(parent._modules.items()):
            if isinstance(part, _ConvNd) and part in twins:
                setattr(parent, name, twins[part])


def _teach_optimizers(module: nn.Module, twins: Iterable[CoordConvBase]) -> None:
    """Let SB3's optimizers, attributes of policies and their parts, learn coordinate weights.

    They come in the order in which an optimizer made afterwards would hold them, so that saved
    optimizer states fit those of policies made with a CoordConv extractor.
    """
    for part in module.modules():
        optimizer = getattr(part, "optimizer", None)
        if isinstance(optimizer, torch.optim.Optimizer):
            for group in optimizer.param_groups:
                for twin in twins:
                    _insert_after_conv(group["params"], twin)


def _insert_after_conv(parameters: list[nn.Parameter], twin: CoordConvBase) -> None:
    for i, parameter in enumerate(parameters):
        if parameter is twin.weight:
            after = i + 1
            if after < len(parameters) and parameters[after] is twin.bias:
                after += 1
            parameters.insert(after, twin.coord_weight)
            return


@torch.no_grad()
def _match_targets(policy: BasePolicy, twins: Iterable[CoordConvBase]) -> None:
    new = set(twins)
    for target, online in _targets(policy).values():
        for name, layer in target.named_modules():
            if layer in new:
                followed = online.get_submodule(name)
                assert isinstance(layer, CoordConvBase)
                assert isinstance(followed, CoordConvBase)
                layer.coord_weight.copy_(followed.coord_weight)
