from pathlib import Path

import pytest

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.pattern import Pattern


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{arm}/seed-{seed}", "/a/coord/seed-3", {"arm": "coord", "seed": "3"}),
        ("/{arm}/seed-{seed}/", "/a/coord/seed-03", {"arm": "coord", "seed": "03"}),
        ("{arm}/seed-{seed}", "/a/coord/seed-3x", None),
        ("{arm}/seed-{seed}", "/a/coord/seed-3/tb", None),
        ("{arm}/{seed}/*", "/a/coord/3/tb", {"arm": "coord", "seed": "3"}),
        ("a/{arm}", "/coord", None),
        (
            "{arm}-*/{game}_{seed}",
            "/x/coord-best-2/ALE_Pong-v5_12",
            {"arm": "coord-best", "game": "ALE_Pong-v5", "seed": "12"},
        ),
        (
            "{game}__{arm}__{seed}__*",
            "/runs/ALE/Breakout-v5__ppo_atari__1__1766512651",
            {"game": "Breakout-v5", "arm": "ppo_atari", "seed": "1"},
        ),
        ("{arm}.{seed}.monitor.csv", "/x/coord.7.monitor.csv", {"arm": "coord", "seed": "7"}),
        ("{arm}.{seed}.monitor.csv", "/x/coord.7xmonitor.csv", None),
    ],
)
def test_matching(pattern, path, fields):
    assert Pattern(pattern).match(Path(path)) == fields


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{algo}/{arm}", r"did you mean \{algorithm\}"),
        ("{arm}/{}", "is none of them"),
        ("{arm}/{arm}", r"names \{arm\} twice"),
        ("{game}/{seed}", r"must name \{arm\}"),
        ("", r"must name \{arm\}"),
        ("{arm}/{seed", "without its partner"),
        ("{arm}/seed}", "without its partner"),
    ],
)
def test_bad_patterns(pattern, message):
    with pytest.raises(CompareError, match=message):
        Pattern(pattern)
