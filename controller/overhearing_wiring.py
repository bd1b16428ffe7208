"""Introduces the listening to handed-over callers to the rest: the bot's engines, the agent's name, the
watchers who are told what was said.

Responsible for that alone. Who is listened to, and how long, is `controller.telephony.overhearing`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

import gevent
import structlog

from controller.bots import Bot, Bots
from controller.session.happenings import PersonSpoke, Watcher
from controller.session.scribe import Scribe
from controller.telephony.overhearing import Handover, Party, Pens
from media.pool import EnginePool

PATIENCE_S = 5.0
"""So long words of people wait for engines that serve bots; then they take their turn among them."""
LOOK_EVERY_S = 0.05

log = structlog.get_logger(__name__)


def scribes(
    bots: Bots, pool: EnginePool, watchers: Sequence[Watcher], who: Callable[[str], str]
) -> Pens:
    """For `Overhearings.pens`. `who(number)`: the name of the agent there; "" when it is a phone."""

    def pen(handover: Handover, party: Party) -> Scribe:
        agent = who(handover.number) or f"extension {handover.number}"

        def written(text: str, at: datetime) -> None:
            spoke = PersonSpoke(party.value, agent, text, at)
            for watcher in watchers:
                try:
                    watcher(handover.session_id, spoke)
                except Exception:
                    log.exception("a watcher failed", session_id=handover.session_id)

        bot: Bot | None = bots.get(handover.bot)
        assert bot is not None, "who handed the caller over"
        return Scribe(bot.segmenter(), bot.recogniser, written, idle=lambda: _wait_idle(pool))

    return pen


def _wait_idle(pool: EnginePool) -> None:
    patient_until = monotonic() + PATIENCE_S
    while pool.busy and monotonic() < patient_until:
        gevent.sleep(LOOK_EVERY_S)
