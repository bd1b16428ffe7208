"""Text messages over any provider that takes an HTTP POST of JSON with a bearer secret.

The body is the provider's form as a JSON object whose texts may hold `$to`, `$text` and `$message_id`.
They are filled in after parsing, so nothing a caller says can change the form.

With a provider's `key_header` (often Idempotency-Key) a message whose answer was lost is sent again
under the same key. Without one it is not: it becomes a dead letter, for a person to judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template as Substitution
from typing import Any

from controller.tools.channels.base import TEL, Message, check_recipient
from controller.tools.channels.post import TIMEOUT_S, check_url, post

MAX_CHARS = 1000
"""Longer texts are cut: ten or more parts of a message, paid for one by one, are an accident."""
_KNOWN = frozenset({"to", "text", "message_id"})


@dataclass(frozen=True, slots=True)
class SmsProvider:
    """How to reach it. `body`: see above; `secret`: bearer token, "" for none."""

    url: str
    body: Mapping[str, Any]
    secret: str = field(default="", repr=False)
    key_header: str = ""
    allow_private: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for what can't be a provider."""
        check_url(self.url, "an SMS provider")
        texts = list(_texts(self.body))
        for text in texts:
            if not Substitution(text).is_valid():
                raise ValueError("an SMS body: a $ that begins no name; write $$ for the sign")
        used = {name for text in texts for name in Substitution(text).get_identifiers()}
        if used - _KNOWN or not {"to", "text"} <= used:
            raise ValueError("an SMS body needs $to and $text, may use $message_id, and nothing else")
        if not (self.secret + self.key_header).isascii() or "\n" in self.secret + self.key_header:
            raise ValueError("an SMS provider's secret and key_header must be plain ASCII")


class SmsChannel:
    """`numbers` by recipient name."""

    def __init__(
        self, provider: SmsProvider, numbers: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._provider = provider
        self._numbers = dict(numbers)
        self._timeout_s = timeout_s
        self.repeatable = bool(provider.key_header)

    def check(self, to: str) -> None:
        """Whether that recipient has a number."""
        check_recipient("sms", to, self._numbers)

    def send(self, to: str, message: Message) -> None:
        """POST the filled form; any 2xx answer means delivered. Raises ToolError."""
        number = to.removeprefix(TEL) if to.startswith(TEL) else ""
        if not number:
            self.check(to)
        provider = self._provider
        values = {
            "to": number or self._numbers[to],
            "text": message.text[:MAX_CHARS],
            "message_id": message.message_id,
        }
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if provider.secret:
            headers["Authorization"] = f"Bearer {provider.secret}"
        if provider.key_header:
            headers[provider.key_header] = message.message_id
        body = json.dumps(_filled(provider.body, values), ensure_ascii=False).encode()
        post(
            "sms caller" if number else f"sms {to}",
            provider.url,
            body,
            headers,
            allow_private=provider.allow_private,
            timeout_s=self._timeout_s,
        )


def _texts(form: Any) -> list[str]:
    if isinstance(form, Mapping):
        return [text for value in form.values() for text in _texts(value)]
    if isinstance(form, list | tuple):
        return [text for value in form for text in _texts(value)]
    return [form] if isinstance(form, str) else []


def _filled(form: Any, values: Mapping[str, str]) -> Any:
    if isinstance(form, Mapping):
        return {key: _filled(value, values) for key, value in form.items()}
    if isinstance(form, list | tuple):
        return [_filled(value, values) for value in form]
    return Substitution(form).substitute(values) if isinstance(form, str) else form
