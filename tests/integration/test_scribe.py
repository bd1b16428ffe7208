"""What caller and agent say after a hand-over, with the real ears: written down with who said it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.bots import Bots
from controller.overhearing_wiring import scribes
from controller.session.happenings import Happening, PersonSpoke
from controller.session.scribe import Scribe
from controller.telephony.overhearing import Handover, Party
from media.asr.factory import create
from media.pool import EnginePool
from media.vad.factory import create as detector
from media.vad.segmenter import Segmenter
from tests.unit.media_audio.speech import clip, frames, silence

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    made = EnginePool(2)
    yield made
    made.close()


def test_caller_and_agent_are_written_down(pool: EnginePool, tmp_path: Path) -> None:
    recogniser = create("auto", "en-US", pool, tmp_path / "no-models", tmp_path)
    pool.run(recogniser.warm_up)
    bot = SimpleNamespace(recogniser=recogniser, segmenter=lambda: Segmenter(detector("silero")))
    bots = cast(Bots, SimpleNamespace(get=lambda name: bot if name == "demo" else None))
    told: list[tuple[str, Happening]] = []

    def broken(_session_id: str, _happening: Happening) -> None:
        raise ValueError("a watcher's fault")

    watchers: list[Any] = [broken, lambda session_id, happening: told.append((session_id, happening))]
    for number, who in (("1011", "Ada"), ("1001", "")):
        pens = scribes(bots, pool, watchers, lambda _number, who=who: who)  # type: ignore[misc]
        for party, words in ((Party.CALLER, "free_01_slt"), (Party.AGENT, "free_04_awb")):
            scribe = pens(Handover("s1", "demo", number), party)
            assert isinstance(scribe, Scribe)
            for frame in frames(silence(500) + clip(f"en/{words}").pcm + silence(1200)):
                scribe.hear(frame)
            scribe.close()
            assert scribe.join(30)
    spoken = [happening for _, happening in told if isinstance(happening, PersonSpoke)]
    assert [(each.who, each.agent) for each in spoken] == [
        ("caller", "Ada"),
        ("agent", "Ada"),
        ("caller", "extension 1001"),
        ("agent", "extension 1001"),
    ]
    assert "cancel my appointment" in spoken[0].text.lower()
    assert "repeat that" in spoken[1].text.lower()
    assert {session_id for session_id, _ in told} == {"s1"}
