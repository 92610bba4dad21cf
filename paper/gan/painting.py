"""What GANs and the autoencoder have in common: a generator, and what it paints."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from paper.gan.data import Shapes
from paper.gan.measures import N_SAMPLES, SEED, measure, measure_traversals, traversals
from paper.gan.networks import make_generator
from paper.results import Arrays, Result, versions
from paper.training import Evaluation, Training, fingerprint, n_parameters, order

BATCH_SIZE = 16
N_EVALUATIONS = 10
N_PICTURES_KEPT, N_TRAVERSALS_KEPT = 32, 4
AT_ONCE = 100


@dataclass(frozen=True)
class Setting:
    """A training: which networks, of which size, and how.

    :param arm: one of ``networks.ARMS``
    :param recipe: one of ``training.RECIPES``, or ``"vae"``
    :param canvas: height and width of pictures
    :param width: filters of the other network's first layer, and so on
    :param z: how many random numbers a picture is made from
    :param iterations: batches
    :param device: ``"cpu"`` or ``"cuda"``; bits depend on it
    """

    arm: str
    recipe: str
    seed: int
    canvas: int
    width: int
    z: int
    iterations: int
    device: str = "cpu"


class Painting(Training):
    """A generator on its way, with a network that it learns from; a step is a batch.

    :param partner: makes that network, after the generator
    """

    def __init__(
        self,
        setting: Setting,
        shapes: Shapes,
        report: Callable[[Evaluation], None],
        partner: Callable[[], nn.Module],
    ) -> None:
        super().__init__({**asdict(setting), "data": shapes.fingerprint}, report)
        self.setting, self.shapes, self.device = setting, shapes, torch.device(setting.device)
        self.n_steps = setting.iterations
        torch.manual_seed(setting.seed)
        self.generator = self._placed(
            make_generator(setting.arm, setting.canvas, setting.width, setting.z)
        )
        self.partner = self._placed(partner())
        torch.manual_seed(setting.seed)

    def batch(self, k: int) -> torch.Tensor:
        """Return a step's pictures of the data."""
        epoch, position = divmod(k, len(self.shapes) // BATCH_SIZE)
        which = order(self.setting.seed, epoch, len(self.shapes))
        which = which[position * BATCH_SIZE : (position + 1) * BATCH_SIZE]
        return self.shapes.paint(which).to(self.device, memory_format=torch.channels_last)

    def draw(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw random numbers for pictures, uniform from -1 to 1, of shape (n, z)."""
        return 2 * torch.rand(n, self.setting.z, generator=generator) - 1

    def evaluate_now_and_then(self, k: int) -> None:
        """Evaluate after a tenth of the steps each, and after the last."""
        done, every = k + 1, max(1, self.n_steps // N_EVALUATIONS)
        if done % every == 0 or done == self.n_steps:
            n = every if done % every == 0 else done % every
            self.note(iteration=done, **self.means(n), **measure(self.samples()))

    def scores(self) -> dict[str, float]:
        """Return measures that are not of pictures alone."""
        return {}

    def result(self) -> tuple[dict[str, Any], Arrays]:
        """Return what a finished training leaves."""
        samples = self.samples()
        frames = traversals(self.paint, self.draw)
        result = Result(
            setting=asdict(self.setting),
            data=self.shapes.fingerprint,
            parameters={name: n_parameters(network) for name, network in self.modules.items()},
            num_threads=torch.get_num_threads(),
            scores={**measure(samples), **measure_traversals(frames), **self.scores()},
            history=self.history,
            seconds=self.seconds,
            fingerprint=fingerprint(*self.modules.values()),
            versions=versions(self.device),
        )
        return asdict(result), {
            "pictures": _bytes(samples[:N_PICTURES_KEPT]),
            "traversals": _bytes(frames[:N_TRAVERSALS_KEPT]),
            **{
                f"generator.{name}": values.cpu().numpy()
                for name, values in self.generator.state_dict().items()
            },
        }

    @torch.no_grad()
    def paint(self, z: torch.Tensor) -> torch.Tensor:
        """Return pictures, with running statistics of batch normalisation."""
        self.generator.eval()
        parts = [self.generator(some.to(self.device)).tanh() for some in torch.split(z, AT_ONCE)]
        return torch.cat(parts).cpu()

    def samples(self) -> torch.Tensor:
        """Return pictures of the same random numbers each time."""
        return self.paint(self.draw(N_SAMPLES, torch.Generator().manual_seed(SEED)))

    def _placed(self, network: nn.Module) -> nn.Module:
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch's stubs lack it


def _bytes(pictures: torch.Tensor) -> Any:
    """Return pictures from -1 to 1 as bytes, colours last."""
    return ((pictures.movedim(-3, -1) + 1) * 127.5).round().to(torch.uint8).numpy()
