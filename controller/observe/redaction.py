"""Makes values fit to be written down: no secrets, no audio, nothing endless, nothing cyclic.

Responsible for one answer to "may this be kept as text?", used by logs and by stored records.
Must never know who writes, or where to.

Secrets are known by the *name* they are under, whatever its spelling (`api_key`, `X-Api-Key`,
`clientSecret`), at any depth; inside free text only the three forms in which they usually travel are
recognised: a URL's password, a bearer or basic credential, a secret query parameter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Set
from typing import Any

HIDDEN = "[hidden]"
CUT = "…[cut]"
TOO_DEEP = "[too deep]"

MAX_DEPTH = 8
MAX_CHARS = 64 * 1024
"""Budget of characters of one cleaned value, keys and numbers included; the rest is cut."""

_ANYWHERE = (
    "password", "passwd", "passphrase", "secret", "token", "authorization", "apikey", "credential",
    "cookie", "privatekey", "accesskey", "signingkey",
)  # fmt: skip
_WORDS = frozenset({"pwd", "auth", "pin", "otp", "cvv", "cvc", "jwt", "bearer"})
_MEASURES = frozenset({"ms", "s", "seconds", "count", "tokens", "limit", "total"})
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")

_URL_PASSWORD = re.compile(r"(://[^/\s:@]{0,200}:)[^@\s/]{1,500}@")
_CREDENTIAL = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_QUERY = re.compile(
    r"([?&;](?:password|token|access_token|api_?key|secret|key)=)[^&\s;]+", re.IGNORECASE
)

# Characters that a terminal or a log reader may take for a line end, a command or a change of direction.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_secret_name(name: str) -> bool:
    """True when a value under this name must not be written down."""
    squashed = re.sub(r"[^a-z0-9]", "", name.lower())
    if any(part in squashed for part in _ANYWHERE):
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def scrub_text(text: str) -> str:
    """`text` without the credentials that URLs, headers and query strings carry."""
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text)
    text = _CREDENTIAL.sub(rf"\1 {HIDDEN}", text)
    return _QUERY.sub(rf"\1{HIDDEN}", text) if "=" in text else text


def one_line(text: str) -> str:
    """`text` with control characters escaped (`\\n`, `\\x1b`, `\\u202e`): it can't begin a new line."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def storable_text(text: str, max_chars: int = MAX_CHARS) -> str:
    """`text` as any database takes it: no NUL, no lone surrogate, at most `max_chars` + a mark."""
    if len(text) > max_chars:
        text = text[:max_chars] + CUT
    return _UNSTORABLE.sub("\ufffd", text)


def clean(value: Any, max_chars: int = MAX_CHARS) -> Any:
    """A JSON-ready copy of `value` without secrets.

    Audio and other binary data becomes "<N bytes>", NaN and infinity None, unknown objects their
    `str`. Deeper than `MAX_DEPTH` or beyond `max_chars` it is cut. Never raises.
    """
    return _Cleaner(max_chars).clean(value, 0)


class _Cleaner:
    """One cleaning with its budget of characters."""

    __slots__ = ("_left",)

    def __init__(self, max_chars: int) -> None:
        self._left = max_chars

    def clean(self, value: Any, depth: int) -> Any:
        self._left -= 4
        match value:
            case None | bool():
                return value
            case int() if abs(value) < 2**63:
                return value
            case float():
                return value if math.isfinite(value) else None
            case str():
                return self._text(value)
        size = _binary_size(value)
        if size is not None:
            return f"<{size} bytes>"
        if not isinstance(value, Mapping | list | tuple | Set):
            return self._text(_describe(value))
        if depth >= MAX_DEPTH:
            return TOO_DEEP
        return self._mapping(value, depth) if isinstance(value, Mapping) else self._items(value, depth)

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for name, inner in list(value.items()):
            if self._left <= 0:
                cleaned[CUT] = len(value) - len(cleaned)
                break
            key = self._text(name if isinstance(name, str) else _describe(name))
            cleaned[key] = HIDDEN if _must_hide(key, inner) else self.clean(inner, depth + 1)
        return cleaned

    def _items(self, value: Any, depth: int) -> list[Any]:
        cleaned: list[Any] = []
        for inner in list(value):
            if self._left <= 0:
                cleaned.append(CUT)
                break
            cleaned.append(self.clean(inner, depth + 1))
        return cleaned

    def _text(self, text: str) -> str:
        kept = storable_text(text, max(0, self._left))
        self._left -= len(kept)
        return scrub_text(kept)


def _must_hide(name: str, value: Any) -> bool:
    """Numbers that merely measure tokens (`llm_first_token_ms`, `max_tokens`) are not secrets."""
    if value is None or not is_secret_name(name):
        return False
    words = _WORD.findall(name)
    measures = isinstance(value, int | float) and bool(words) and words[-1].lower() in _MEASURES
    return not measures


def _binary_size(value: Any) -> int | None:
    """Bytes of a buffer (bytes, bytearray, memoryview, a numpy array), None for anything else."""
    if isinstance(value, bytes | bytearray):
        return len(value)
    size = getattr(value, "nbytes", None)
    return size if isinstance(size, int) else None


def _describe(value: Any) -> str:
    try:
        return str(value)
    except Exception as exc:  # noqa: BLE001 - a broken __str__ must not cost a log line or a record
        return f"<{type(value).__name__}, whose str failed with {type(exc).__name__}>"
