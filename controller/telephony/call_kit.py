"""What all phone calls of a process share. Data only; put together by `service`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.session.registry import SessionOpener
from controller.telephony.audio_in import PhoneAudioIn
from controller.telephony.commands import Api
from controller.telephony.delivery import Delivery
from controller.telephony.media_door import MediaDoor
from controller.telephony.recordings import CallRecordings


@dataclass(frozen=True, slots=True)
class CallKit:
    """`grace_s`: how long a call waits for a lost connection or its audio to come back."""

    opener: SessionOpener
    door: MediaDoor
    ask: Callable[[Api], str]
    """Asks FreeSWITCH on the controller's own connection; raises EslError."""
    delivery: Callable[[PhoneAudioIn], Delivery]
    recordings: CallRecordings
    grace_s: float = 3.0
