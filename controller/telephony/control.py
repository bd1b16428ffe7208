"""What the parts of a call need of its control connection."""

from __future__ import annotations

from typing import Protocol

from controller.telephony.commands import Api, Command
from controller.telephony.esl.message import Reply


class CallControl(Protocol):
    """`CallSocket` and `CallLine` are. Both block for the answer, in the order of the calls, and raise
    EslRefused, EslTimeout, EslClosed."""

    def command(self, command: Command, timeout_s: float = 5.0) -> Reply:
        """Say something; the reply."""
        ...

    def api(self, api: Api, timeout_s: float = 5.0) -> str:
        """Ask something; the body of the answer."""
        ...
