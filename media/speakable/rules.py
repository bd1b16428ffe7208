"""A table of patterns and readers, applied in one pass.

Every language is a list of `Rule`s. At each place the first that matches wins, and what a reader
returns is never read again, so rules can't trip over each other's output. For linear time on any
input a pattern must match within a bounded length or consume all it looks at (possessive `++`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Reader = Callable[[re.Match[str]], str]
"""Gets the match of its own pattern; returns what is said."""


def always(said: str) -> Reader:
    """A reader that says the same whatever matched."""
    return lambda _match: said


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern` is verbose-free regex source; groups in it must be named, and are the reader's."""

    name: str
    pattern: str
    read: Reader


class Grammar:
    """Rules compiled for use on whole texts."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._readers = [rule.read for rule in rules]
        self._alone = [re.compile(rule.pattern, re.ASCII) for rule in rules]
        # One group a rule says which matched; its own pattern then gives the reader its groups.
        joined = "|".join(f"(?P<rule{i}>{_anonymous(r.pattern)})" for i, r in enumerate(rules))
        self._any = re.compile(joined, re.ASCII)

    def apply(self, text: str) -> str:
        """`text` with every match replaced by its reading."""
        return self._any.sub(self._read, text)

    def _read(self, match: re.Match[str]) -> str:
        index = int((match.lastgroup or "rule0").removeprefix("rule"))
        own = self._alone[index].match(match.string, match.start())
        return self._readers[index](own) if own else match.group()


def _anonymous(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


ASCII_START = r"(?<![A-Za-z0-9_.@+-])"
"""Where a web or mail address can begin: Chinese may stand directly before it."""

URL = (
    r"(?:https?://|www\.)(?P<url>[A-Za-z0-9.:-]{1,200}(?:[/?#][!-~]{0,400})?)"
    r"(?<![.,;:!?)\]'\"])"
)
_TOP_LEVEL = "com|org|net|edu|gov|info|io|ai|app|dev|cn|uk|de|fr|jp|hk|tw|us|co|me|tv"
DOMAIN = (
    ASCII_START + r"(?P<domain>[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,4}"
    rf"\.(?:{_TOP_LEVEL})(?:/[A-Za-z0-9._~/-]{{0,200}})?)(?<![.])(?![A-Za-z0-9-])"
)
EMAIL = (
    r"(?<![A-Za-z0-9._+-])(?P<box>[A-Za-z0-9._+-]{1,64})@"
    r"(?P<host>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4})(?![A-Za-z0-9-])"
)
DOTTED = r"(?<![\w.])v?(?P<dotted>\d{1,5}(?:\.\d{1,5}){2,5})(?![\d.]*\d)"


def address_parts(url: str) -> str:
    """What of a web address is worth saying: the host, and a short path without a query."""
    host, slash, path = url.partition("/")
    host = host.split("?")[0].split("#")[0].split(":")[0].removeprefix("www.")
    path = path.rstrip("/")
    sayable = re.fullmatch(r"[A-Za-z-]{1,20}(?:/[A-Za-z-]{1,20})?", path)
    return host + slash + path if sayable else host
