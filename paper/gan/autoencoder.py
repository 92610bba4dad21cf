"""A variational autoencoder with the GANs' networks (Kingma and Welling 2014).

The paper shows one on the same shapes, in pictures alone; its code was never released. A generator
that is told coordinates is known as a decoder (Watters et al. 2019, "Spatial Broadcast Decoder").
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)
from torch import nn

from paper.gan.data import Shapes, draw_shapes
from paper.gan.networks import Discriminator
from paper.gan.painting import Painting, Setting
from paper.training import Evaluation

RATE = 5e-4
N_HELD_OUT = 500


class Autoencoder(Painting):
    """An encoder, a discriminator in shape, and a generator that paints what it has encoded."""

    def __init__(
        self,
        setting: Setting,
        shapes: Shapes,
        report: Callable[[Evaluation], None],
    ) -> None:
        def encoder() -> nn.Module:
            coords = setting.arm == "coord-gd"
            return Discriminator(
                setting.canvas, setting.width, coords=coords, outputs=2 * setting.z
            )

        super().__init__(setting, shapes, report, encoder)
        self.modules = {"generator": self.generator, "encoder": self.partner}
        weights = [weight for network in self.modules.values() for weight in network.parameters()]
        self.optimizers = {"adam": torch.optim.Adam(weights, RATE, fused=True)}

    def draw(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw random numbers for pictures from the standard normal distribution."""
        return torch.randn(n, self.setting.z, generator=generator)

    def step(self, k: int) -> None:
        """Minimise the negative evidence lower bound of a batch; evaluate now and then."""
        pictures = self.batch(k)
        for network in self.modules.values():
            network.train()
        mean, log_sd = self.partner(pictures).chunk(2, dim=1)
        noise = self.draw(len(pictures)).to(self.device)
        # Colours are -1 or 1, so a picture is a set of yes and no: of tanh(x) the odds are 2x.
        odds = 2 * self.generator(mean + noise * log_sd.exp())
        wrong = F.binary_cross_entropy_with_logits(odds, (pictures + 1) / 2, reduction="sum")
        apart = (mean.square() + (2 * log_sd).exp() - 2 * log_sd - 1).sum() / 2
        loss = (wrong + apart) / len(pictures)
        self.optimizers["adam"].zero_grad()
        torch.autograd.backward(loss)
        self.optimizers["adam"].step()
        self.add(loss=loss.item())
        self.evaluate_now_and_then(k)

    @torch.no_grad()
    def scores(self) -> dict[str, float]:
        """Return ``restored``: the mean IOU of all that is not white in new pictures and theirs."""
        self.partner.eval()
        pictures = draw_shapes(self.setting.canvas, N_HELD_OUT, seed=4).paint(
            torch.arange(N_HELD_OUT)
        )
        means: Any = self.partner(pictures.to(self.device)).chunk(2, dim=1)[0]
        painted = self.paint(means.cpu())
        ink, own = ((part < 0).any(dim=1) for part in (pictures, painted))
        both = (ink & own & ((pictures < 0) == (painted < 0)).all(dim=1)).sum(dim=(1, 2)).double()
        return {"restored": (both / (ink | own).sum(dim=(1, 2))).mean().item()}
