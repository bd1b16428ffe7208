"""Where a request came from: the client's address, whether the way was encrypted, this machine or not.

Responsible for what may be believed of headers. A proxy's are believed only when the settings say that
one stands before the server; that a request was forwarded at all is believed of anybody, since it only
ever closes doors.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request

from controller.access.softphone import Asked
from controller.gateway.guard import LOOPBACK_HOSTS, host_name

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True)
class Origins:
    """How to read a request. `behind_proxy`: a proxy of ours writes X-Forwarded-For and -Proto."""

    behind_proxy: bool

    def address(self, asked: Request) -> str:
        """Of the client: the last that our proxy saw, or who is connected to us."""
        forwarded = asked.headers.get("X-Forwarded-For", "") if self.behind_proxy else ""
        return forwarded.rpartition(",")[2].strip() or asked.remote_addr or ""

    def encrypted(self, asked: Request) -> bool:
        """Whether the browser uses https. Its Origin, which `guard` has compared with our name, shows
        it behind a proxy too that says nothing of it."""
        proto = asked.headers.get("X-Forwarded-Proto", "") if self.behind_proxy else ""
        said = asked.headers.get("Origin", "").lower()
        return asked.is_secure or proto.lower() == "https" or said.startswith("https://")

    def asked(self, asked: Request) -> Asked:
        """What the softphone's policy looks at."""
        loopback = host_name(asked.headers.get("Host", "")) in LOOPBACK_HOSTS
        return Asked(loopback, any(name in asked.headers for name in _FORWARDED))

    def private(self, asked: Request) -> bool:
        """Whether a password may be sent this way: encrypted, or without leaving this machine."""
        return self.encrypted(asked) or self.asked(asked).loopback_name
