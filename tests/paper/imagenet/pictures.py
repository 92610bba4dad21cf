"""A small folder of real photographs: parts of those that scikit-learn and matplotlib ship."""

from importlib.util import find_spec
from pathlib import Path

from matplotlib import get_data_path
from PIL import Image


def photographs() -> dict[str, Path]:
    spec = find_spec("sklearn")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    images = Path(spec.submodule_search_locations[0]) / "datasets" / "images"
    face = Path(get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return {"china": images / "china.jpg", "face": face, "flower": images / "flower.jpg"}


def write_pictures(folder: Path) -> Path:
    """Write train and val: a class a photograph, 16 and 4 parts of it."""
    for name, path in photographs().items():
        image = Image.open(path).convert("RGB")
        width, height = image.width // 5, image.height // 4
        for k in range(20):
            left, top = k % 5 * width, k // 5 * height
            part = image.crop((left, top, left + width, top + height)).resize((60, 50))
            where = folder / ("train" if k % 5 else "val") / name
            where.mkdir(parents=True, exist_ok=True)
            part.save(where / f"{k}.{'png' if k % 2 else 'jpg'}")
    return folder
