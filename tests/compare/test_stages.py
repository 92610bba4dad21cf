from io import StringIO

import pytest
from rich.console import Console

from coordrl.compare.stages import stages


@pytest.mark.parametrize("terminal", [True, False])
def test_stages_are_shown_on_a_terminal_only(terminal):
    console = Console(file=StringIO(), force_terminal=terminal, width=80)
    with stages(console) as stage:
        assert list(stage.track(range(3))) == [0, 1, 2]
        stage.begin("comparing")
    shown = console.file.getvalue()
    if terminal:
        assert shown.index("reading") < shown.index("comparing")
    else:
        assert shown == ""
