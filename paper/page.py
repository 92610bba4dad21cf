"""Pages: one HTML file each that opens offline."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def render(package: str, **values: Any) -> str:
    """Fill a package's ``templates/page.html.j2``.

    :param package: the experiment's; its template can extend ``experiment.html.j2``
    """
    loaders = [PackageLoader(name) for name in (package, "paper", "coordrl.compare.writing")]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(**values)


def inline(image: Path) -> str:
    """Return a PNG or WebP file as a data URL."""
    kind = image.suffix.removeprefix(".")
    return f"data:image/{kind};base64,{base64.b64encode(image.read_bytes()).decode()}"
