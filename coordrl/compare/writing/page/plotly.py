"""plotly.js, which draws the page's charts: the basic bundle in ``writing/vendor``."""

from functools import cache
from importlib.resources import files


@cache
def plotly_js() -> str:
    """Return the script; it holds no ``</script>``."""
    return (files("coordrl.compare.writing") / "vendor/plotly-basic.min.js").read_text("utf-8")


def plotly_version() -> str:
    """Return its version, which the script's first line states."""
    return plotly_js()[:200].partition(") v")[2].split()[0]
