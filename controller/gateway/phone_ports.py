"""What the gateway needs of the telephone side, given by the app when a FreeSWITCH is configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class PhoneRefused(Exception):
    """A call can't be made, or done to. `status`: HTTP status; `code` is machine-readable; the text
    is fit to be shown."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to be made; empty: as in the settings."""

    number: str
    bot: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    gateway: str = ""
    caller_id: str = ""
    ring_s: int = 0


class PhoneDesk(Protocol):
    """Calls, as JSON-like values in the form that `openapi` documents. Raises PhoneRefused."""

    def place(self, order: CallRequest) -> Mapping[str, Any]:
        """Begin to dial; the call as it is now."""
        ...

    def recent(self) -> Sequence[Mapping[str, Any]]:
        """Calls that were made, newest first."""
        ...

    def find(self, call_id: str) -> Mapping[str, Any]:
        """One call."""
        ...

    def hang_up(self, call_id: str) -> None:
        """End a call, whether it is answered or not."""
        ...

    def send_dtmf(self, call_id: str, digits: str) -> None:
        """Play key tones to who is on the phone."""
        ...

    def transfer(self, session_id: str, destination: str, mode: str) -> None:
        """Hand the caller of a session to `destination`; `mode` blind or attended. Blocks until that
        is done, or can't be."""
        ...
