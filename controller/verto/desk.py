"""People who stand by to take callers over from bots.

Responsible for who is ready, for who is rung, and for the card that tells them about the caller before
they say hello. How their phones ring is the transfer's business. Must never know a socket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from controller.verto.caller import Right
from controller.verto.messages import note_text
from controller.verto.relay import Phase, Relay

MAX_CARD_LINES = 200
MAX_TEXT = 2_000


class NobodyReady(Exception):
    """Nobody stands by."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line of what was said. `who`: caller, bot or agent; `agent`: that one's name; `at`: when, for
    what is said after the hand-over."""

    who: str
    text: str
    agent: str = ""
    at: datetime | None = None

    def fields(self) -> dict[str, Any]:
        """As a page gets it."""
        more = {"agent": self.agent, "at": self.at.isoformat()} if self.at else {}
        return {"who": self.who, "text": self.text[:MAX_TEXT], **more}


@dataclass(frozen=True, slots=True)
class Card:
    """What an agent sees. `slots`: what the bot has found out, by name."""

    session_id: str
    caller: str
    bot: str
    language: str
    summary: str
    slots: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[Spoken] = ()

    def note(self) -> str:
        """As a page gets it."""
        lines = [line.fields() for line in self.lines[-MAX_CARD_LINES:]]
        return note_text(
            "card",
            session_id=self.session_id,
            caller=self.caller[:MAX_TEXT],
            bot=self.bot,
            language=self.language,
            summary=self.summary[:MAX_TEXT],
            slots={name: value[:MAX_TEXT] for name, value in self.slots.items()},
            lines=lines,
        )


class AgentDesk:
    """`number`: what a bot dials for whoever is ready; other numbers are people themselves."""

    def __init__(self, number: str = "") -> None:
        self._number = number
        self._ready: list[Relay] = []  # who has waited longest stands first
        self._talking: dict[Relay, str] = {}  # to the caller of which session

    @property
    def ready(self) -> list[str]:
        """Names, who has waited longest first."""
        return [relay.caller.name for relay in self._ready]

    def stand_by(self, relay: Relay, on: bool) -> bool:
        """Somebody comes or goes; whether they stand by now."""
        self._rest(relay)
        if on and Right.STAND_BY in relay.caller.rights:
            self._ready.append(relay)
        return relay in self._ready

    def leave(self, relay: Relay) -> None:
        """A page is closed."""
        self._talking.pop(relay, None)
        self._rest(relay)

    def _rest(self, relay: Relay) -> None:
        if relay in self._ready:
            self._ready.remove(relay)

    def choose(self, destination: str) -> str:
        """The extension to ring for `destination`. Raises NobodyReady."""
        if destination != self._number or not self._number:
            return destination
        for relay in self._ready:
            if relay.phase is Phase.PAIRED and not relay.calls and relay.upstream.up:
                self._ready.remove(relay)
                self._ready.append(relay)
                return relay.caller.extension
        raise NobodyReady("nobody stands by")

    def who(self, extension: str) -> str:
        """The name of who is ready at an extension; "" when it is a phone."""
        return next((r.caller.name for r in self._ready if r.caller.extension == extension), "")

    @contextmanager
    def presented(self, extension: str, card: Card) -> Iterator[None]:
        """Show a card to who is ready at this extension while they are rung; it goes if that fails."""
        shown = [relay for relay in self._ready if relay.caller.extension == extension]
        for relay in shown:
            relay.tell(card.note())
        try:
            yield
        except BaseException:
            for relay in shown:
                relay.tell(note_text("card_gone", session_id=card.session_id))
            raise
        for relay in shown:
            self._talking[relay] = card.session_id
            relay.tell(note_text("card_kept", session_id=card.session_id))

    def tell(self, session_id: str, line: Spoken) -> None:
        """Something that caller or agent said: for the card of whoever took the caller over."""
        for relay, talking in self._talking.items():
            if talking == session_id:
                relay.tell(note_text("card_line", session_id=session_id, **line.fields()))
