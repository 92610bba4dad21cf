"""A look inside: what coordinate weights have learned, and how much a network relies on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Image
from stable_baselines3.common.policies import ActorCriticPolicy, BasePolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from coordrl.coord_conv import CoordConvBase

Images = npt.NDArray[np.uint8]


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
    :return: For each CoordConv layer, by name, a tensor of shape (filters, *output size)
    :raises ValueError: If no CoordConv layer is reached

    >>> from coordrl import CoordConv2d
    >>> maps = coordinate_maps(nn.Sequential(CoordConv2d(4, 8, 3)), torch.zeros(1, 4, 9, 7))
    >>> maps["0"].shape
    torch.Size([8, 7, 5])
    """
    layers = coord_layers(module)
    maps: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Any:
        def hook(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            with without_coordinates(layer):
                plain = layer.forward(*inputs)
            maps[name] = (output - plain)[0].detach()

        return hook

    hooks = [layer.register_forward_hook(keep(name)) for name, layer in layers.items()]
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

    :param maps: Tensor of shape (filters, height, width), as of :func:`coordinate_maps`
    :return: RGB image of shape (rows, columns, 3); full colour is the layer's largest value

    >>> map_image(torch.zeros(8, 7, 5)).shape
    (23, 17, 3)
    """
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

    The weights are set to zero and put back; do not train meanwhile.

    :param module: The network, or an SB3 policy

    >>> from coordrl import CoordConv2d
    >>> layer = CoordConv2d(4, 8, 3, bias=False)
    >>> with without_coordinates(layer):
    ...     bool(layer(torch.zeros(1, 4, 9, 7)).any())
    False
    """
    weights = [layer.coord_weight for layer in coord_layers(module).values()]
    kept = [weight.detach().clone() for weight in weights]
    try:
        for weight in weights:
            weight.data.zero_()
        yield
    finally:
        for weight, values in zip(weights, kept, strict=True):
            weight.data.copy_(values)


@dataclass(frozen=True)
class Reliance:
    """How much a policy's outputs change when its coordinate terms are switched off.

    :param greedy_changed: Share of the observations on which the greedy action changes
    :param kl: Mean Kullback-Leibler divergence of the action distributions, with from without
        coordinates, in nats; None for a policy without distributions, such as DQN's
    :param value_change: Mean absolute change of the value, in standard deviations of the value
        over the observations; None for a policy without a value of states
    """

    greedy_changed: float
    kl: float | None
    value_change: float | None


def coordinate_reliance(policy: BasePolicy, observations: npt.NDArray[Any]) -> Reliance:
    """Measure how much a policy relies on its coordinates.

    :param policy: A policy with discrete actions and no recurrent state, such as ``model.policy``
    :param observations: Observations of shape (N, *observation shape), such as those of a rollout
    :return: The changes of its outputs
    :raises ValueError: If there are fewer than two observations
    """
    if len(observations) < 2:
        raise ValueError(f"give a batch of at least two observations, not {len(observations)}")
    with torch.no_grad():
        before = _outputs(policy, observations)
        with without_coordinates(policy):
            after = _outputs(policy, observations)
    changed = float(np.mean(before[0] != after[0]))
    if not isinstance(policy, ActorCriticPolicy):
        return Reliance(changed, None, None)
    kl = torch.distributions.kl_divergence(before[1], after[1]).mean().item()
    spread = before[2].std().clamp(min=1e-8)
    return Reliance(changed, kl, ((before[2] - after[2]).abs().mean() / spread).item())


def gradient_share(module: nn.Module) -> float | None:
    """Compute the share of the gradient's norm that belongs to the coordinate weights.

    SB3 clips the norm of all gradients together (``max_grad_norm``), so a large share shrinks the
    steps of all other weights.

    :param module: A network, or an SB3 policy, after a backward pass
    :return: Norm of the coordinate weights' gradients over the norm of all; None without gradients
    """
    names = {f"{name}.coord_weight".lstrip(".") for name in coord_layers(module)}
    squares = {
        name: float(parameter.grad.square().sum())
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }
    total = sum(squares.values())
    if not total:
        return None
    return float((sum(s for name, s in squares.items() if name in names) / total) ** 0.5)


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


def _outputs(policy: BasePolicy, observations: npt.NDArray[Any]) -> tuple[Any, Any, Any]:
    greedy, _ = policy.predict(observations, deterministic=True)
    if not isinstance(policy, ActorCriticPolicy):
        return greedy, None, None
    tensor, _ = policy.obs_to_tensor(observations)
    distribution = policy.get_distribution(tensor).distribution
    return greedy, distribution, policy.predict_values(tensor)
