"""FreeSWITCH's own note of each originate it was sent: it outlives us, and its own restart (`mod_db`).

Responsible for the question "was this call ever dialled?" that nobody else can answer once the process
that dialled is dead. The note goes ahead of its originate in one write: FreeSWITCH gets both or neither.
Must never know why somebody asks.
"""

from __future__ import annotations

import gevent
import structlog

from controller.telephony import commands
from controller.telephony.esl.errors import EslError, EslRefused
from controller.telephony.esl.inbound import FreeSwitchLink

log = structlog.get_logger(__name__)


class DialNotes:
    """The notes behind `link`. Without mod_db there are none, and nobody knows."""

    def __init__(self, link: FreeSwitchLink) -> None:
        self._link = link

    def sent(self, uuid: str) -> bool | None:
        """Whether the originate of this channel was sent; None: nobody knows. Raises EslError while
        FreeSWITCH is away."""
        try:
            return {"true": True, "false": False}.get(self._link.api(commands.dial_noted(uuid)).strip())
        except EslRefused:
            return None

    def forget(self, uuid: str) -> None:
        """Remove the note, in the background; one that stays does no harm."""
        gevent.spawn(self._forget, uuid)

    def _forget(self, uuid: str) -> None:
        try:
            self._link.api(commands.forget_dial(uuid))
        except EslError as error:
            log.debug("a dial note stays", call=uuid, error=str(error))
