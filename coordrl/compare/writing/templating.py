"""Pages made from templates: one HTML file each that opens offline."""

from base64 import b64encode

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

_HERE = "coordrl.compare.writing"


def environment(*packages: str) -> Environment:
    """Return what fills templates: those of packages, which can extend ``base.html.j2``.

    :param packages: with a folder ``templates`` each; the first that has a template gives it
    """
    return Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in (*packages, _HERE)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def data_url(kind: str, image: bytes) -> str:
    """Return an image as a data URL.

    :param kind: such as ``png`` or ``svg+xml``
    """
    return f"data:image/{kind};base64,{b64encode(image).decode()}"
