"""Which part of a path is the game, the algorithm, the arm and the seed."""

import re
from difflib import get_close_matches
from pathlib import Path

from coordrl.compare.errors import CompareError

FIELDS = ("game", "algorithm", "arm", "seed")
#: What the error messages offer.
EXAMPLE = "{game}/{algorithm}/{arm}/seed-{seed}"

_TOKEN = re.compile(r"\{[^{}]*\}|\*")


class Pattern:
    """A pattern such as ``{game}/{algorithm}/{arm}/seed-{seed}`` for the last parts of a path.

    ``*`` stands for any text within one part, a seed for digits.

    :param arm: whether it has to name ``{arm}``
    :raises CompareError: if it has other fields, the same twice, or no ``{arm}``
    """

    def __init__(self, text: str, *, arm: bool = True) -> None:
        self.text = text
        self.names_algorithm = "{algorithm}" in text
        fields = re.findall(r"\{([^{}]*)\}", text)
        _check(text, fields, arm=arm)
        last = text.strip("/").split("/")[-1]
        #: Whether its last part names files, and tells no runs apart.
        self.chooses_files = "{" not in last and "." in last
        self._parts = [re.compile(_regex(part)) for part in text.strip("/").split("/")]

    def match(self, path: Path) -> dict[str, str] | None:
        """Return the fields of a path, or None if its last parts do not match.

        >>> Pattern("{arm}/{game}_{seed}").match(Path("/logs/coord/CartPole-v1_3"))
        {'arm': 'coord', 'game': 'CartPole-v1', 'seed': '3'}
        """
        names = path.parts[-len(self._parts) :]
        if len(names) < len(self._parts):
            return None
        fields: dict[str, str] = {}
        for part, name in zip(self._parts, names, strict=True):
            found = part.fullmatch(name)
            if found is None:
                return None
            fields |= found.groupdict()
        return fields


def _check(text: str, fields: list[str], *, arm: bool) -> None:
    for field in fields:
        if field not in FIELDS:
            near = get_close_matches(field, FIELDS, 1, 0.4) or ["game"]
            raise CompareError(
                f"the pattern {text!r} must use {{game}}, {{algorithm}}, {{arm}} and {{seed}}; "
                f"{{{field}}} is none of them (did you mean {{{near[0]}}}?)"
            )
        if fields.count(field) > 1:
            raise CompareError(f"the pattern {text!r} names {{{field}}} twice")
    if arm and "arm" not in fields:
        raise CompareError(f"the pattern {text!r} must name {{arm}}, for example {EXAMPLE!r}")
    if re.search(r"[{}]", _TOKEN.sub("", text)):
        raise CompareError(f"the pattern {text!r} has a brace without its partner")


def _regex(part: str) -> str:
    literals, tokens = _TOKEN.split(part), _TOKEN.findall(part)
    regex = re.escape(literals[0])
    for token, literal in zip(tokens, literals[1:], strict=True):
        regex += _token_regex(token) + re.escape(literal)
    return regex


def _token_regex(token: str) -> str:
    if token == "*":
        return ".*"
    return r"(?P<seed>[0-9]+)" if token == "{seed}" else f"(?P<{token[1:-1]}>.+)"
