"""Which page is told what of a session: the caller's, to its end and beyond a hand-over."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.observe.transcripts import TranscriptHub
from controller.session import happenings as told
from controller.session.registry import SessionRegistry
from controller.settings import Settings
from controller.telephony.guard import Guard
from controller.telephony.service import Telephony
from controller.verto.messages import Note, parse
from controller.verto.relay import Relay
from controller.verto_wiring import VertoDesk

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Story:
    """A desk with one page, whose call `c1` is that of session s1 while it lasts."""

    def __init__(self) -> None:
        self.live: dict[str, Any] = {"s1": SimpleNamespace(uuid="c1")}
        guard = Guard(["10.."], per_second=1, burst=1, max_calls=1)
        calls = SimpleNamespace(of_session=self.live.get, get=lambda _uuid: None)
        telephony = cast(Telephony, SimpleNamespace(guard=guard, calls=calls))
        settings = Settings(verto={"password": "x"})  # type: ignore[arg-type]
        self.desk = VertoDesk(settings, telephony, SessionRegistry(5), TranscriptHub())
        self.texts: list[str] = []
        self.relay = cast(Relay, SimpleNamespace(calls={"c1": None}, tell=self.texts.append))
        self.desk.switchboard = cast(Any, SimpleNamespace(of_call=self._of_call))

    def _of_call(self, call_id: str) -> Relay | None:
        return self.relay if call_id in self.relay.calls else None

    def types(self, texts: list[str]) -> list[str]:
        notes = [parse(text) for text in texts]
        return [note.type for note in notes if isinstance(note, Note)]


@pytest.fixture
def story() -> Story:
    return Story()


def test_the_callers_page_goes_on_after_the_hand_over(story: Story) -> None:
    story.desk.watch("s1", told.SessionStarted("inbound", "demo", "en"))
    story.desk.watch("s1", told.SessionEnded("transferred", 1.0))
    story.live.clear()  # the bot's call is over, the page's is not
    story.desk.watch("s1", told.PersonSpoke("agent", "Ada", "hello", NOON))
    assert story.types(story.texts) == ["session", "end", "person"]
    assert story.types(list(story.desk.stories(story.relay))) == ["session", "end", "person"]


def test_what_was_told_is_forgotten_with_the_call(story: Story) -> None:
    story.desk.watch("s1", told.SessionStarted("inbound", "demo", "en"))
    story.desk.watch("s1", told.SessionEnded("transferred", 1.0))
    story.relay.calls.clear()
    story.desk.watch("s2", told.SessionStarted("inbound", "demo", "en"))
    story.relay.calls["c1"] = cast(Any, None)
    assert story.desk.stories(story.relay) == []


def test_a_session_on_no_page_is_told_to_nobody(story: Story) -> None:
    story.live["s2"] = SimpleNamespace(uuid="c2")
    story.desk.watch("s2", told.SessionStarted("inbound", "demo", "en"))
    story.desk.watch("s2", told.SessionEnded("transferred", 1.0))
    story.desk.watch("s2", told.PersonSpoke("agent", "Ada", "hello", NOON))
    assert story.texts == []
