"""A look inside: what coordinate weights have learned, and how much a network relies on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Image
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from coordrl.coord_conv import CoordConvBase

Images = npt.NDArray[np.uint8]
Observations = npt.NDArray[Any] | dict[str, npt.NDArray[Any]]


def coord_layers(module: nn.Module) -> dict[str, CoordConvBase]:
    """Find the CoordConv layers of a module, each once, by their first name.

    >>> from coordrl import CoordConv2d
    >>> list(coord_layers(nn.Sequential(nn.Conv2d(4, 8, 3), CoordConv2d(8, 8, 3))))
    ['1']
    """
    return {n: layer for n, layer in module.named_modules() if isinstance(layer, CoordConvBase)}


def coordinate_maps(
    module: nn.Module, example: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """Compute what the coordinates add to each filter's output, at every position.

    :param module: A network, or an SB3 policy
    :param example: An input of the network, of which the size matters only; not needed where the
        CoordConv layers are in SB3 feature extractors, which know the size of their images
    :return: For each CoordConv layer, by name, a tensor of shape ``(filters, *output size)``
    :raises ValueError: If no CoordConv layer is reached

    >>> from coordrl import CoordConv2d
    >>> maps = coordinate_maps(nn.Sequential(CoordConv2d(4, 8, 3)), torch.zeros(1, 4, 9, 7))
    >>> maps["0"].shape
    torch.Size([8, 7, 5])
    """
    layers = coord_layers(module)
    maps: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Any:
        def hook(layer: CoordConvBase, args: Any, kwargs: Any, output: torch.Tensor) -> None:
            with without_coordinates(layer):
                plain = layer.forward(*args, **kwargs)
            is_batch = output.dim() == len(layer.kernel_size) + 2
            maps[name] = (output - plain)[0 if is_batch else ...].detach()

        return hook

    hooks = [
        layer.register_forward_hook(keep(name), with_kwargs=True) for name, layer in layers.items()
    ]
    try:
        with torch.no_grad():
            if example is not None:
                module(example)
            else:
                _run_extractors(module)
    finally:
        for hook in hooks:
            hook.remove()
    if not maps:
        raise ValueError("no CoordConv layer was reached: give the network, and an example input")
    return maps


def map_image(maps: torch.Tensor) -> Images:
    """Draw the maps of a layer's filters side by side: red above zero, blue below.

    :param maps: Tensor of shape (filters, height, width), as of :func:`coordinate_maps`; a 1-D
        layer's are lines, a 3-D layer's slices are drawn one below the other
    :return: RGB image of shape (rows, columns, 3); full colour is the layer's largest value

    >>> map_image(torch.zeros(8, 7, 5)).shape
    (23, 17, 3)
    """
    maps = maps.reshape(len(maps), -1, maps.shape[-1])
    filters, height, width = maps.shape
    columns = int(np.ceil(np.sqrt(filters)))
    rows = int(np.ceil(filters / columns))
    canvas = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 128, dtype=np.uint8)
    scaled = (maps / maps.abs().max().clamp(min=1e-12)).float().cpu().numpy()
    for index, values in enumerate(scaled):
        top = index // columns * (height + 1)
        left = index % columns * (width + 1)
        fade = np.stack([1 + np.minimum(values, 0), 1 - np.abs(values), 1 - np.maximum(values, 0)])
        canvas[top : top + height, left : left + width] = (255 * fade).transpose(1, 2, 0).round()
    return canvas


@contextmanager
def without_coordinates(module: nn.Module) -> Iterator[None]:
    """Switch the coordinate terms of a network off while the context lasts.

    No weight changes, so it does not matter how a coordinate weight comes about: it may be pruned,
    parametrised, quantised or shared.

    :param module: The network, or an SB3 policy
    :raises ValueError: If it is traced or exported, so that its layers are layers no more

    >>> from coordrl import CoordConv2d
    >>> layer = CoordConv2d(4, 8, 3, bias=False)
    >>> with without_coordinates(layer):
    ...     bool(layer(torch.zeros(1, 4, 9, 7)).any())
    False
    """
    _check_has_layers(module)
    maps = [layer._coord_map for layer in coord_layers(module).values()]
    before = [coord_map.switched_off for coord_map in maps]
    try:
        for coord_map in maps:
            coord_map.switched_off = True
        yield
    finally:
        for coord_map, was_off in zip(maps, before, strict=True):
            coord_map.switched_off = was_off


@dataclass(frozen=True)
class Reliance:
    """How much a policy's outputs change when its coordinate terms are switched off.

    :param greedy_changed: Share of the observations on which the greedy action changes, in any of
        its components; None where actions are continuous
    :param kl: Mean Kullback-Leibler divergence of the action distributions, with from without
        coordinates, in nats, of all components together; None for a policy that SB3 gives no
        distribution of, such as DQN's and SAC's
    :param value_change: Mean absolute change of the value, in standard deviations of the value
        over the observations; None for a policy without a value of states
    :param action_change: Mean absolute change of the greedy action, each component in its standard
        deviations over the observations; None where actions are not continuous
    """

    greedy_changed: float | None
    kl: float | None
    value_change: float | None
    action_change: float | None = None


def coordinate_reliance(policy: BasePolicy, observations: Observations) -> Reliance:
    """Measure how much a policy relies on its coordinates.

    :param policy: A policy without a recurrent state, such as ``model.policy``, with any actions
    :param observations: Observations of shape ``(N, *observation shape)``, such as those of a
        rollout; a dict of such arrays where observations are dicts
    :return: The changes of its outputs
    :raises ValueError: If there are fewer than two observations, or the policy is recurrent
    """
    if hasattr(policy, "lstm_actor"):
        raise ValueError(f"a {type(policy).__name__} has a recurrent state: it is not measured")
    tensors, is_batch = policy.obs_to_tensor(observations)
    first = next(iter(tensors.values())) if isinstance(tensors, dict) else tensors
    if not is_batch or len(first) < 2:
        raise ValueError(
            f"give a batch of at least two observations, not {len(first) if is_batch else 'one'}"
        )
    with torch.no_grad():
        before = _outputs(policy, observations, tensors)
        with without_coordinates(policy):
            after = _outputs(policy, observations, tensors)
    changed = action_change = None
    if isinstance(policy.action_space, spaces.Box):
        action_change = _in_deviations(before.greedy, after.greedy)
    else:
        different = (before.greedy != after.greedy).reshape(len(first), -1)
        changed = float(different.any(1).float().mean())
    if before.value is None or after.value is None:
        return Reliance(changed, None, None, action_change)
    kl = sum(
        torch.distributions.kl_divergence(*pair).reshape(len(first), -1).sum(1)
        for pair in zip(before.distributions, after.distributions, strict=True)
    )
    value_change = _in_deviations(before.value, after.value)
    return Reliance(changed, float(torch.as_tensor(kl).mean()), value_change, action_change)


def gradient_share(module: nn.Module) -> float | None:
    """Compute the share of the gradient's norm that belongs to the coordinate weights.

    SB3 clips the norm of all gradients together (``max_grad_norm``), so a large share shrinks the
    steps of all other weights.

    :param module: A network, or an SB3 policy, after a backward pass
    :return: Norm of the coordinate weights' gradients over the norm of all; None without gradients
    """
    # A pruned weight's parameter is coord_weight_orig, a parametrised one's is in a part.
    kinds = ("coord_weight", "parametrizations.coord_weight.")
    starts = tuple(f"{name}.{kind}".lstrip(".") for name in coord_layers(module) for kind in kinds)
    squares = {
        name: float(parameter.grad.square().sum())
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }
    total = sum(squares.values())
    if not total:
        return None
    return float((sum(s for name, s in squares.items() if name.startswith(starts)) / total) ** 0.5)


class CoordInspection(BaseCallback):
    """Records the coordinate weights' share of the gradient, and their maps as images.

    ``coord/gradient_share`` is of the last minibatch before each rollout; ``coord/maps/<layer>``
    are images for TensorBoard.

    :param image_freq: Timesteps between two sets of images, 0 for none
    """

    def __init__(self, image_freq: int = 0) -> None:
        super().__init__()
        self.image_freq = image_freq
        self._next_images = 0

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        share = gradient_share(self.model.policy)
        if share is not None:
            self.logger.record("coord/gradient_share", share)
        if self.image_freq and self.num_timesteps >= self._next_images:
            self._next_images = self.num_timesteps + self.image_freq
            for name, maps in coordinate_maps(self.model.policy).items():
                image = Image(map_image(maps), "HWC")
                self.logger.record(f"coord/maps/{name}", image, exclude=("stdout", "log", "csv"))


def _run_extractors(module: nn.Module) -> None:
    for extractor in module.modules():
        space = getattr(extractor, "_observation_space", None)
        if isinstance(extractor, BaseFeaturesExtractor) and isinstance(space, spaces.Box):
            device = next(extractor.parameters(), torch.empty(0)).device
            extractor(torch.zeros(1, *space.shape, device=device))


def _check_has_layers(module: nn.Module) -> None:
    """Refuse graphs that hold coordinate weights, but no layer to switch off."""
    for name, _ in module.named_parameters():
        parent, _, last = name.rpartition(".")
        if last == "coord_weight" and not isinstance(module.get_submodule(parent), CoordConvBase):
            raise ValueError(
                f"{name} belongs to a traced or exported network, whose coordinates cannot be "
                f"switched off: give the network that it was made of"
            )


class _Outputs(NamedTuple):
    """What a policy answers, of N observations.

    :param greedy: Actions of shape (N, ...)
    :param distributions: Those of the actions' components
    :param value: Of shape (N, 1); None for a policy without
    """

    greedy: torch.Tensor
    distributions: list[torch.distributions.Distribution]
    value: torch.Tensor | None


def _outputs(policy: Any, observations: Observations, tensors: Any) -> _Outputs:
    greedy = torch.as_tensor(policy.predict(observations, deterministic=True)[0])
    if not hasattr(policy, "get_distribution"):
        return _Outputs(greedy, [], None)
    distribution = policy.get_distribution(tensors).distribution
    distributions = distribution if isinstance(distribution, list) else [distribution]
    return _Outputs(greedy, distributions, policy.predict_values(tensors))


def _in_deviations(before: torch.Tensor, after: torch.Tensor) -> float:
    """Return the mean absolute change, each component in its standard deviations."""
    spread = before.float().std(0).clamp(min=1e-8)
    return float(((before - after).abs() / spread).mean())
