"""Checks of numbers that a caller gives."""


def check_at_least(minimum: int, **values: int) -> None:
    """
    Refuse values that are too small.

    :param minimum: the smallest value allowed
    :param values: values by the names that the caller knows them by
    :raises ValueError: naming the first that is too small
    """
    for name, value in values.items():
        if value < minimum:
            raise ValueError(f"{name} must be at least {minimum}, got {value}")
