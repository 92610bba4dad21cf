"""Pages: one HTML file each that opens offline."""

from pathlib import Path
from typing import Any

from coordrl.compare.writing.templating import data_url, environment


def render(package: str, **values: Any) -> str:
    """Fill a package's ``templates/page.html.j2``.

    :param package: the experiment's; its template can extend ``experiment.html.j2``
    """
    return environment(package, "paper").get_template("page.html.j2").render(**values)


def inline(image: Path) -> str:
    """Return a PNG or WebP file as a data URL."""
    return data_url(image.suffix.removeprefix("."), image.read_bytes())
