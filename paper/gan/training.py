"""Training a generator and a discriminator against each other."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn

from paper.gan.data import Shapes
from paper.gan.networks import Discriminator
from paper.gan.painting import BATCH_SIZE, Painting, Setting
from paper.training import Evaluation


@dataclass(frozen=True)
class Recipe:
    """How networks are trained, both with Adam.

    :param rates: learning rates of the discriminator and of the generator
    :param generator_steps: of each iteration, with the same random numbers
    :param penalty: weight of R1's penalty on the discriminator's squared gradient at the data
        (Mescheder et al. 2018); 0 for none
    :param penalty_every: iterations from one penalty to the next
    :param sees_tanh: whether the discriminator is shown CoordConv's pictures as they are, from -1
        to 1; the released code shows it what goes into their last tanh, of these alone
    """

    rates: tuple[float, float]
    betas: tuple[float, float]
    generator_steps: int
    penalty: float
    penalty_every: int
    sees_tanh: bool


RECIPES = {
    "paper": Recipe((1e-4, 5e-4), (0.9, 0.99), 2, 0.0, 1, sees_tanh=False),
    "stable": Recipe((2e-4, 5e-4), (0.5, 0.99), 1, 10.0, 4, sees_tanh=True),
}


class Adversaries(Painting):
    """A generator and a discriminator on their way."""

    def __init__(
        self,
        setting: Setting,
        shapes: Shapes,
        report: Callable[[Evaluation], None],
    ) -> None:
        def discriminator() -> nn.Module:
            coords = setting.arm == "coord-gd"
            return Discriminator(setting.canvas, setting.width, coords=coords)

        super().__init__(setting, shapes, report, discriminator)
        self.recipe, self.discriminator = RECIPES[setting.recipe], self.partner
        self.modules = {"generator": self.generator, "discriminator": self.discriminator}
        rates = dict(zip(("discriminator", "generator"), self.recipe.rates, strict=True))
        self.optimizers = {
            name: torch.optim.Adam(
                network.parameters(),
                rates[name],
                betas=self.recipe.betas,
                fused=True,
            )
            for name, network in self.modules.items()
        }

    def step(self, k: int) -> None:
        """Train the discriminator once and the generator once or twice; evaluate now and then."""
        real, z = self.batch(k), self.draw(BATCH_SIZE).to(self.device)
        self.generator.train()
        self.add(d_loss=self._train_discriminator(real, z, k))
        for _ in range(self.recipe.generator_steps):
            self.add(g_loss=self._train_generator(z) / self.recipe.generator_steps)
        self.evaluate_now_and_then(k)

    def _shown(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return what the discriminator sees of what a generator returns."""
        as_they_are = self.recipe.sees_tanh or self.setting.arm == "plain"
        return pictures.tanh() if as_they_are else pictures

    def _train_discriminator(self, real: torch.Tensor, z: torch.Tensor, k: int) -> float:
        with torch.no_grad():
            fake = self._shown(self.generator(z))
        punished = self.recipe.penalty > 0 and k % self.recipe.penalty_every == 0
        real.requires_grad_(punished)
        of_real = self.discriminator(real)
        loss = F.softplus(-of_real).mean() + F.softplus(self.discriminator(fake)).mean()
        total = loss
        if punished:
            (slope,) = torch.autograd.grad(of_real.sum(), real, create_graph=True)
            total = loss + self.recipe.penalty * slope.square().sum(dim=(1, 2, 3)).mean()
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
