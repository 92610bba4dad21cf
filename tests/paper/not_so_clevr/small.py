"""The plan of a reproduction small enough for tests."""

REGRESSION = (("regression", "coordconv", "default", ("uniform", "quadrant"), 1, 1),)
PLAN = (
    ("classification", "coordconv", "default", ("uniform",), 2, 1),
    ("classification", "coordconv", "default", ("quadrant",), 1, 1),
    *REGRESSION,
    ("rendering", "coordconv", "default", ("quadrant",), 1, 1),
    ("regression", "plain", "default", ("uniform",), 1, 1),
    ("classification", "plain", "default", ("quadrant",), 1, 1),
    ("classification", "plain", "slower", ("quadrant",), 1, 1),
)
