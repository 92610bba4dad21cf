"""Training a generator and a discriminator against each other."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn

from paper.gan.data import Shapes
from paper.gan.measures import N_SAMPLES, measure, measure_traversals, traversals
from paper.gan.networks import Discriminator, make_generator
from paper.results import Arrays, Result, versions
from paper.training import Evaluation, Training, fingerprint, n_parameters, order

BATCH_SIZE = 16
N_EVALUATIONS = 10
N_PICTURES_KEPT, N_TRAVERSALS_KEPT = 32, 4
AT_ONCE = 100


@dataclass(frozen=True)
class Recipe:
    """How networks are trained, both with Adam.

    :param rates: learning rates of the discriminator and of the generator
    :param generator_steps: of each iteration, with the same random numbers
    :param penalty_every: iterations between two of R1's penalties of weight 1 on the
        discriminator's gradient at the data (Mescheder et al. 2018); 0 for none
    :param sees_tanh: whether the discriminator is shown CoordConv's pictures as they are, from -1
        to 1; the released code shows it what goes into their last tanh, of these alone
    """

    rates: tuple[float, float]
    betas: tuple[float, float]
    generator_steps: int
    penalty_every: int
    sees_tanh: bool


RECIPES = {
    "paper": Recipe((1e-4, 5e-4), (0.9, 0.99), 2, 0, sees_tanh=False),
    "stable": Recipe((2e-4, 5e-4), (0.5, 0.99), 1, 4, sees_tanh=True),
}


@dataclass(frozen=True)
class Setting:
    """A training: which networks, of which size, and how.

    :param arm: one of ``networks.ARMS``
    :param recipe: one of ``RECIPES``
    :param canvas: height and width of pictures
    :param width: filters of the discriminator's first layer, and so on
    :param z: how many random numbers a picture is made from
    :param iterations: steps of the discriminator
    """

    arm: str
    recipe: str
    seed: int
    canvas: int
    width: int
    z: int
    iterations: int


class Adversaries(Training):
    """A generator and a discriminator on their way; a step is an iteration."""

    def __init__(
        self,
        setting: Setting,
        shapes: Shapes,
        report: Callable[[Evaluation], None],
        device: str = "cpu",
    ) -> None:
        super().__init__({**asdict(setting), "data": shapes.fingerprint}, report)
        self.setting, self.shapes, self.device = setting, shapes, torch.device(device)
        self.recipe, self.n_steps = RECIPES[setting.recipe], setting.iterations
        torch.manual_seed(setting.seed)
        coords = setting.arm == "coord-gd"
        self.generator = self._placed(
            make_generator(setting.arm, setting.canvas, setting.width, setting.z)
        )
        self.discriminator = self._placed(
            Discriminator(setting.canvas, setting.width, coords=coords)
        )
        self.modules = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            name: torch.optim.Adam(
                network.parameters(), rate, betas=self.recipe.betas, fused=self.device.type == "cpu"
            )
            for (name, network), rate in zip(
                reversed(self.modules.items()), self.recipe.rates, strict=True
            )
        }
        torch.manual_seed(setting.seed)

    def step(self, k: int) -> None:
        """Train the discriminator once and the generator once or twice; evaluate now and then."""
        epoch, position = divmod(k, len(self.shapes) // BATCH_SIZE)
        batch = order(self.setting.seed, epoch, len(self.shapes))
        batch = batch[position * BATCH_SIZE : (position + 1) * BATCH_SIZE]
        real = self.shapes.paint(batch).to(self.device, memory_format=torch.channels_last)
        z = (2 * torch.rand(BATCH_SIZE, self.setting.z) - 1).to(self.device)
        self.generator.train()
        self.add(d_loss=self._train_discriminator(real, z, k))
        for _ in range(self.recipe.generator_steps):
            self.add(g_loss=self._train_generator(z) / self.recipe.generator_steps)
        done, every = k + 1, max(1, self.n_steps // N_EVALUATIONS)
        if done % every == 0 or done == self.n_steps:
            n = every if done % every == 0 else done % every
            self.note(iteration=done, **self.means(n), **measure(self._samples()))

    def result(self) -> tuple[dict[str, Any], Arrays]:
        """Return what a finished training leaves."""
        samples, frames = self._samples(), traversals(self._paint, self.setting.z)
        result = Result(
            setting=asdict(self.setting),
            data=self.shapes.fingerprint,
            parameters={name: n_parameters(network) for name, network in self.modules.items()},
            num_threads=torch.get_num_threads(),
            scores={**measure(samples), **measure_traversals(frames)},
            history=self.history,
            seconds=self.seconds,
            fingerprint=fingerprint(self.generator, self.discriminator),
            versions=versions(),
        )
        return asdict(result), {
            "pictures": _bytes(samples[:N_PICTURES_KEPT]),
            "traversals": _bytes(frames[:N_TRAVERSALS_KEPT]),
        }

    def _placed(self, network: nn.Module) -> nn.Module:
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch's stubs lack it

    def _shown(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return what the discriminator sees of what a generator returns."""
        as_they_are = self.recipe.sees_tanh or self.setting.arm == "plain"
        return pictures.tanh() if as_they_are else pictures

    def _train_discriminator(self, real: torch.Tensor, z: torch.Tensor, k: int) -> float:
        with torch.no_grad():
            fake = self._shown(self.generator(z))
        punished = self.recipe.penalty_every and k % self.recipe.penalty_every == 0
        real.requires_grad_(bool(punished))
        of_real = self.discriminator(real)
        loss = F.softplus(-of_real).mean() + F.softplus(self.discriminator(fake)).mean()
        total = loss
        if punished:
            (slope,) = torch.autograd.grad(of_real.sum(), real, create_graph=True)
            total = loss + slope.square().sum(dim=(1, 2, 3)).mean()
        self.optimizers["discriminator"].zero_grad()
        torch.autograd.backward(total)
        self.optimizers["discriminator"].step()
        return loss.item()

    def _train_generator(self, z: torch.Tensor) -> float:
        self.discriminator.requires_grad_(False)
        loss = F.softplus(-self.discriminator(self._shown(self.generator(z)))).mean()
        self.optimizers["generator"].zero_grad()
        torch.autograd.backward(loss)
        self.optimizers["generator"].step()
        self.discriminator.requires_grad_(True)
        return loss.item()

    @torch.no_grad()
    def _paint(self, z: torch.Tensor) -> torch.Tensor:
        self.generator.eval()
        parts = [self.generator(some.to(self.device)).tanh() for some in torch.split(z, AT_ONCE)]
        return torch.cat(parts).cpu()

    def _samples(self) -> torch.Tensor:
        """Return pictures of the same random numbers each time, with running statistics."""
        generator = torch.Generator().manual_seed(0)
        return self._paint(2 * torch.rand(N_SAMPLES, self.setting.z, generator=generator) - 1)


def _bytes(pictures: torch.Tensor) -> Any:
    """Return pictures from -1 to 1 as bytes, colours last."""
    return ((pictures.movedim(-3, -1) + 1) * 127.5).round().to(torch.uint8).numpy()
