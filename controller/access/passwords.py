"""Passwords: argon2id hashes, what is too weak to be one, and the same work whoever asks.

Responsible for hashing on native threads (a hash takes some 100 ms and 64 MiB, argon2-cffi's defaults,
which are RFC 9106's for little memory). Must never know users.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from gevent.threadpool import ThreadPool

from controller.access.model import AccessError

MIN_CHARS = 10
MAX_CHARS = 256
LEAST_DIFFERENT = 4
"""Different characters, against `aaaaaaaaaa`. No other rules: length is what counts (NIST 800-63B)."""
THREADS = 2
MAX_WAITING = 16
"""Hashes under way or waiting; more are refused: a flood of logins must not fill the memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password is right; `rehash` is its hash with today's parameters when they changed."""

    right: bool
    rehash: str | None = None


class Passwords:
    """Hashes and checks; methods wait cooperatively and raise AccessError("busy") under a flood."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPool(THREADS)
        self._waiting = 0
        self._nobody = ""

    def hash(self, password: str) -> str:
        """A hash to keep."""
        return self._off_hub(lambda: self._hasher.hash(_bytes(password)))

    def check(self, kept: str, password: str) -> Checked:
        """Compare with a kept hash. With none ("") the work is the same and the answer no."""
        return self._off_hub(lambda: self._check(kept, _bytes(password)))

    def close(self) -> None:
        """Let the threads go."""
        self._pool.kill()

    def _check(self, kept: str, password: bytes) -> Checked:
        self._nobody = self._nobody or self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return Checked(False)
        if not kept:
            return Checked(False)
        outdated = self._hasher.check_needs_rehash(kept)
        return Checked(True, self._hasher.hash(password) if outdated else None)

    def _off_hub(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise AccessError("busy", "too many logins at once; try again in a moment", 503)
        self._waiting += 1
        try:
            result: T = self._pool.apply(work)
        finally:
            self._waiting -= 1
        return result


def check_strength(password: str, name: str) -> None:
    """Raises AccessError for a password that is too short, too long or too plain."""
    if len(password) < MIN_CHARS:
        raise AccessError(
            "password_short", f"a password needs at least {MIN_CHARS} characters", least=MIN_CHARS
        )
    if len(password) > MAX_CHARS:
        raise AccessError(
            "password_long", f"a password may have at most {MAX_CHARS} characters", most=MAX_CHARS
        )
    if len(set(password)) < LEAST_DIFFERENT or name.casefold() == password.casefold():
        raise AccessError("password_plain", "this password is too easy to guess")


def _bytes(password: str) -> bytes:
    """The same bytes for the same characters, however the keyboard composed them."""
    return unicodedata.normalize("NFKC", password[: MAX_CHARS + 1]).encode("utf-8", "surrogatepass")
