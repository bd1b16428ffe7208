"""Random secrets and what is kept of them.

Responsible for their length and their hash. A secret of 256 random bits can't be guessed from its
SHA-256, so a slow hash (as for passwords, see `passwords`) would buy nothing.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

BYTES = 32
ID_BYTES = 8


def new_token() -> str:
    """256 random bits, 43 characters that a URL takes."""
    return secrets.token_urlsafe(BYTES)


def new_id() -> str:
    """The id of a row: unique, no secret."""
    return secrets.token_hex(ID_BYTES)


def digest(token: str) -> str:
    """What is kept of a secret: 64 hexadecimal digits."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_token(session_token: str) -> str:
    """What a form of this login's pages must bring: made from the cookie, so it need not be kept, and
    the cookie can't be made from it."""
    return hmac.new(session_token.encode("utf-8", "surrogatepass"), b"csrf", sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Equality whose time tells nothing."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )
