"""plotly.js, which draws the page's charts: the basic bundle in ``writing/vendor``."""

import re
from functools import cache
from importlib.resources import files


@cache
def plotly_js() -> str:
    """Return the script; it holds no ``</script>``."""
    return (files("coordrl.compare.writing") / "vendor/plotly-basic.min.js").read_text("utf-8")


def plotly_version() -> str:
    """Return its version, which the script states in its first lines."""
    return re.findall(r"v([0-9.]+)", plotly_js()[:200])[0]
