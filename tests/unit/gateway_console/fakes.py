"""A small house for the console to look at: live sessions, a desk, and what was done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.gateway.console.ports import ConsoleDeps, ConsoleLimits
from controller.gateway.phone_ports import CallRequest, PhoneRefused
from controller.observe.transcripts import TranscriptHub
from controller.session.happenings import SessionEnded, SessionStarted
from controller.session.registry import SessionRegistry

ID = "a1b2c3d4e5f60718"


class FakeSession:
    """A live session that ends when it is told to."""

    language = "en"
    state = "listening"
    age_s = 61.0

    def __init__(self, house: House, session_id: str, entry: str, bot: str) -> None:
        self.session_id, self.entry, self.bot = session_id, entry, bot
        self._house = house
        self.hung_up_by = ""

    def hang_up(self, reason: str) -> None:
        self.hung_up_by = reason
        self._house.registry.remove(self.session_id)
        self._house.hub(self.session_id, SessionEnded(reason, 61_000))


class FakeDesk:
    """Takes every call but those to 900."""

    def __init__(self) -> None:
        self.placed: list[CallRequest] = []
        self.hung_up: list[str] = []

    def place(self, order: CallRequest) -> Mapping[str, Any]:
        if order.number.startswith("900"):
            raise PhoneRefused(403, "destination_not_allowed", f"{order.number} may not be called")
        if order.number == "boom":
            raise RuntimeError("a fault")
        self.placed.append(order)
        return self._call(len(self.placed) - 1)

    def recent(self) -> Sequence[Mapping[str, Any]]:
        return [self._call(index) for index in reversed(range(len(self.placed)))]

    def hang_up(self, call_id: str) -> None:
        self.hung_up.append(call_id)

    def _call(self, index: int) -> dict[str, Any]:
        order = self.placed[index]
        return {
            "call_id": f"call-{index}",
            "number": order.number,
            "bot": order.bot,
            "state": "ringing",
            "disposition": None,
            "session_id": None,
        }


class House:
    """Registry, transcripts and desk, with `deps` for a console."""

    def __init__(self, phone: FakeDesk | None = None, records: Any = None, **limits: Any) -> None:
        self.registry = SessionRegistry(20)
        self.hub = TranscriptHub()
        self.drains = 0
        self.phone = phone
        self.deps = ConsoleDeps(
            registry=self.registry,
            transcripts=self.hub,
            stats=lambda: {"sessions": len(self.registry), "hub_delay_ms": 1.5},
            drain=self._drain,
            phone=phone,
            records=records,
            limits=ConsoleLimits(**{"wrong_pause_s": 0.0, **limits}),
        )

    def begin(
        self, session_id: str = ID, entry: str = "inbound", bot: str = "demo", **variables: str
    ) -> FakeSession:
        session = FakeSession(self, session_id, entry, bot)
        self.registry.add(session)  # type: ignore[arg-type]
        self.hub(session_id, SessionStarted(entry, bot, "en", variables))
        return session

    def _drain(self) -> None:
        self.drains += 1
        self.registry.draining = True
