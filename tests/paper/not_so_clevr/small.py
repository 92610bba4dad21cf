"""The plan of a reproduction small enough for tests."""

SPLITS = ("uniform", "quadrant")
PLAN = (
    ("classification", "coordconv", "default", SPLITS, 2, 2),
    ("regression", "coordconv", "default", SPLITS, 1, 1),
    ("rendering", "coordconv", "default", ("quadrant",), 1, 1),
    ("regression", "plain", "default", ("uniform",), 1, 1),
    ("classification", "plain", "default", ("quadrant",), 1, 1),
    ("classification", "plain", "slower", ("quadrant",), 1, 1),
)
