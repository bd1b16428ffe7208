"""Whether strangers may talk: the setting `login.public_softphone`, for a process and for a request.

Pure. `auto` opens the softphone to this machine alone: the server listens on loopback, the page was
asked for under a loopback name, and no proxy brought the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PublicSoftphone(StrEnum):
    """The setting."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request shows of where it came from."""

    loopback_name: bool
    forwarded: bool


@dataclass(frozen=True, slots=True)
class Softphone:
    """The policy. `here_alone`: nothing beyond this machine can connect, not by a proxy either."""

    public: PublicSoftphone
    here_alone: bool

    def open_for(self, asked: Asked) -> bool:
        """Whether a stranger may talk."""
        if self.public is not PublicSoftphone.AUTO:
            return self.public is PublicSoftphone.YES
        return self.here_alone and asked.loopback_name and not asked.forwarded
