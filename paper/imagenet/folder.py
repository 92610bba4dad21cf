"""Images in folders named by class, as ImageNet's are."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch.utils.data import Dataset

from common.errors import UsageError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
_MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
_SD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
_PARTS, _RATIO = (0.08, 1.0), 4 / 3
_TRIES = 10
_LARGER = 256 / 224
"""How much larger than what is cut out of its middle a test image's shorter side is made."""


class ImageFolder(Dataset[tuple[torch.Tensor, int]]):
    """Images of ``folder/<class>/``, cut out at random for training and of the middle for testing.

    What is cut out depends on the seed, the epoch and the image, and on nothing else.

    :param folder: holds a folder a class
    :param size: height and width of what is cut out, in pixels
    :param seed: None for testing
    :raises UsageError: if there are no images
    """

    def __init__(self, folder: Path, size: int, seed: int | None) -> None:
        self.size, self.seed = size, seed
        if not folder.is_dir():
            raise UsageError(f"{folder} is not there: --data is to hold folders train and val")
        self.classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
        self.images = [
            (path, label)
            for label, name in enumerate(self.classes)
            for path in sorted((folder / name).rglob("*"))
            if path.suffix.lower() in SUFFIXES
        ]
        if not self.images:
            raise UsageError(f"{folder} holds no images in folders named by class")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: Any) -> tuple[torch.Tensor, int]:
        """Return an image, float32 of shape (3, size, size), and its label.

        :param which: epoch and index
        :raises UsageError: if the file is not an image
        """
        epoch, index = which
        path, label = self.images[index]
        try:
            image = Image.open(path).convert("RGB")
        except UnidentifiedImageError:
            raise UsageError(f"{path} is not an image") from None
        if self.seed is None:
            cut = self._middle(image)
        else:
            cut = self._at_random(image, np.random.default_rng((self.seed, epoch, index)))
        pixels = torch.from_numpy(np.array(cut)).movedim(2, 0).float() / 255
        return (pixels - _MEAN) / _SD, label

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the images' names and sizes in bytes."""
        digest = hashlib.sha256()
        for path, label in self.images:
            digest.update(f"{label} {path.name} {path.stat().st_size}\n".encode())
        return digest.hexdigest()[:16]

    def _middle(self, image: Image.Image) -> Image.Image:
        side = min(image.size) / _LARGER
        return self._cut(image, (image.width - side) / 2, (image.height - side) / 2, side, side)

    def _at_random(self, image: Image.Image, generator: np.random.Generator) -> Image.Image:
        """Cut out 8 to 100 % of the area, with sides of 3 to 4 up to 4 to 3; mirror half."""
        for _ in range(_TRIES):
            area = generator.uniform(*_PARTS) * image.width * image.height
            ratio = _RATIO ** generator.uniform(-1, 1)
            width, height = (area * ratio) ** 0.5, (area / ratio) ** 0.5
            if width <= image.width and height <= image.height:
                break
        else:
            width = height = min(image.size)
        left = generator.uniform(0, image.width - width)
        cut = self._cut(image, left, generator.uniform(0, image.height - height), width, height)
        mirrored = generator.random() < 0.5
        return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else cut

    def _cut(
        self, image: Image.Image, left: float, top: float, width: float, height: float
    ) -> Image.Image:
        box = (left, top, left + width, top + height)
        size = (self.size, self.size)
        return image.resize(size, Image.Resampling.BILINEAR, box=box)
