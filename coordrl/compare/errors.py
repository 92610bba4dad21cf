"""The error of the comparison."""


class CompareError(ValueError):
    """The runs cannot be compared; the message is one line that says why and what would help."""
