import pytest

from coordrl.compare.comparing.words import NONE, number_text, p_text

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NONE),
        (0.0, "0.00"),
        (-4e-16, "0.00"),
        (-20.306, f"{MINUS}20.31"),
        (0.5, "0.50"),
        (0.0312, "0.031"),
        (280.44, "280.4"),
        (31672.4, "31,672"),
    ],
)
def test_numbers(value, text):
    assert number_text(value) == text


def test_signs():
    assert [number_text(value, sign=True) for value in (1.0, -1.0, 0.0)] == [
        "+1.00",
        f"{MINUS}1.00",
        "0.00",
    ]


@pytest.mark.parametrize(
    ("p", "text"),
    [(None, NONE), (1.0, "1"), (2 / 3, ".67"), (0.0476, ".048"), (0.00099, "< .001")],
)
def test_p_values(p, text):
    assert p_text(p) == text
