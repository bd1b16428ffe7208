"""Which bot a call is for, and what the conversation is told about the call.

Responsible for reading what FreeSWITCH says of a channel; all of it may come from a hostile caller.
Must never know a socket.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.session.registry import Prepare
from controller.telephony.esl.event import Event

DEFAULT_NUMBER = "7000"
BOT_NUMBER = re.compile(r"70(\d\d)", re.ASCII)
MAX_TEXT = 128


class UnknownNumber(Exception):
    """No bot has this number."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes. `bot` None: the default one; `prepare`: see `SessionOpener`."""

    bot: str | None
    entry: str = "inbound"
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """`extensions`: bot by the xx of 70xx; `outside`: bot by DID."""

    extensions: Mapping[int, str]
    outside: Mapping[str, str]

    def bot_of(self, number: str) -> str | None:
        """The bot that has this number; None is the default bot. Raises UnknownNumber."""
        if number in self.outside:
            return self.outside[number]
        match = BOT_NUMBER.fullmatch(number)
        if match and int(match[1]) in self.extensions:
            return self.extensions[int(match[1])]
        if number == DEFAULT_NUMBER:
            return None
        raise UnknownNumber(f"no bot has the number {printable(number)}")


def inbound_route(channel: Event, numbers: Numbers) -> Route:
    """The route of a call that came in. Raises UnknownNumber.

    A call from outside was sent to an extension by the dialplan, which left the number that was dialled
    in the channel variable `did_number` (dialplans/public.xml); it counts if it has a bot of its own.
    """
    did = channel.var("did_number")
    number = did if did in numbers.outside else channel.get("Caller-Destination-Number")
    return Route(numbers.bot_of(number), "inbound", caller_variables(channel))


def caller_variables(channel: Event) -> dict[str, str]:
    """What a conversation may know of its caller."""
    return {
        "caller_number": printable(channel.get("Caller-Caller-ID-Number")),
        "caller_name": printable(channel.get("Caller-Caller-ID-Name")),
        "called_number": printable(
            channel.var("did_number") or channel.get("Caller-Destination-Number")
        ),
    }


def printable(text: str) -> str:
    """Text of a stranger without control characters, not longer than MAX_TEXT."""
    kept = (char for char in text if unicodedata.category(char)[0] != "C")
    return "".join(kept).strip()[:MAX_TEXT]
