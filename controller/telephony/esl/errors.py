"""What can go wrong with an event socket. Knows no socket."""

from __future__ import annotations


class EslError(Exception):
    """Base of everything that an event socket raises."""


class EslClosed(EslError):
    """The connection is gone, or went while an answer was awaited."""


class EslTimeout(EslError):
    """No answer in time. After a missing *reply* the connection is closed too: later replies could
    not be matched any more."""


class EslRefused(EslError):
    """FreeSWITCH said no. `reply`: its words, such as ``-ERR No such channel!``."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class AuthRefused(EslRefused):
    """The password is wrong, or this address may not connect."""


class ProtocolViolation(EslError):
    """The peer sends something that is not the event-socket protocol."""
