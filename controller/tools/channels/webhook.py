"""Notifications as signed HTTP POSTs to configured endpoints.

The receiver checks the header `X-SwitchTalk-Signature: t=<unix seconds>,v1=<hex>`: the HMAC-SHA256,
keyed with the endpoint's secret, of `<t>.<body>`. It should refuse an old `t`, and must drop a message
whose `Idempotency-Key` (also its `message_id`) it has seen before: a message whose answer was lost is
sent again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.tools.channels.base import Message, check_recipient
from controller.tools.channels.post import TIMEOUT_S, check_url, post

SIGNATURE_HEADER = "X-SwitchTalk-Signature"
KEY_HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a recipient's notifications go. `allow_private`: the address may be of an inner network."""

    url: str
    secret: str = field(repr=False)
    allow_private: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for what can't be a webhook."""
        check_url(self.url, "a webhook")
        if len(self.secret) < 16:
            raise ValueError("a webhook's secret needs at least 16 characters")


class WebhookChannel:
    """`endpoints` by recipient name. `clock` gives unix seconds."""

    repeatable = True  # the key is in every request

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoints = dict(endpoints)
        self._timeout_s = timeout_s
        self._clock = clock

    def check(self, to: str) -> None:
        """Whether there is such an endpoint."""
        check_recipient("webhook", to, self._endpoints)

    def send(self, to: str, message: Message) -> None:
        """POST the message as JSON; any 2xx answer means delivered. Raises ToolError."""
        self.check(to)
        endpoint = self._endpoints[to]
        body = _body(message)
        signed_at = int(self._clock())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            KEY_HEADER: message.message_id,
            SIGNATURE_HEADER: f"t={signed_at},v1={signature(endpoint.secret, signed_at, body)}",
        }
        post(
            f"webhook {to}",
            endpoint.url,
            body,
            headers,
            allow_private=endpoint.allow_private,
            timeout_s=self._timeout_s,
        )


def signature(secret: str, signed_at: int, body: bytes) -> str:
    """Hex HMAC-SHA256 of `<signed_at>.<body>`."""
    return hmac.new(secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()


def _body(message: Message) -> bytes:
    fields = {
        "message_id": message.message_id,
        "session_id": message.session_id,
        "template_id": message.template_id,
        "language": message.language,
        "text": message.text,
        "params": dict(message.params),
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
