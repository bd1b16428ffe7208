"""Notifications as signed HTTP POSTs to configured endpoints.

The receiver checks the header `X-SwitchTalk-Signature: t=<unix seconds>,v1=<hex>`: the HMAC-SHA256,
keyed with the endpoint's secret, of `<t>.<body>`. It should refuse an old `t` and a `message_id` that
it has seen before.

Redirects are not followed and proxies of the environment not used. An address that isn't public is
refused unless the endpoint allows it; the connected socket is checked, so that a name that changes its
mind between look-up and connection gains nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from controller.tools.base import ToolError
from controller.tools.channels.base import Message

SIGNATURE_HEADER = "X-SwitchTalk-Signature"
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a recipient's notifications go. `allow_private`: the address may be of an inner network."""

    url: str
    secret: str = field(repr=False)
    allow_private: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for what can't be a webhook."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a webhook's url must be http://… or https://…")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a webhook's url must not hold a user or password")
        if len(self.secret) < 16:
            raise ValueError("a webhook's secret needs at least 16 characters")


class PrivateAddress(Exception):
    """The endpoint's name leads to an address that isn't public. No OSError: urllib3 would hide it."""


class WebhookChannel:
    """`endpoints` by recipient name. `clock` gives unix seconds."""

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

    def send(self, to: str, message: Message) -> None:
        """POST the message as JSON; any 2xx answer means delivered. Raises ToolError."""
        endpoint = self._endpoints.get(to)
        if endpoint is None:
            known = ", ".join(sorted(self._endpoints)) or "none are configured"
            raise ToolError(
                f"no webhook recipient of that name; expected one of: {known}", code="bad_arguments"
            )
        body = _body(message)
        signed_at = int(self._clock())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "SwitchTalk",
            SIGNATURE_HEADER: f"t={signed_at},v1={signature(endpoint.secret, signed_at, body)}",
        }
        with _session(endpoint) as session:
            try:
                answer = session.post(
                    endpoint.url,
                    data=body,
                    headers=headers,
                    timeout=self._timeout_s,
                    allow_redirects=False,
                    stream=True,
                )
            except requests.Timeout as error:
                raise ToolError(
                    f"webhook {to}: no answer within {self._timeout_s} s", retryable=True
                ) from error
            except (requests.RequestException, PrivateAddress) as error:
                refused = isinstance(error, PrivateAddress)
                reason = "its address is not public" if refused else type(error).__name__
                raise ToolError(f"webhook {to}: {reason}", retryable=not refused) from error
            answer.close()  # the body is nobody's business and may be endless
        if not 200 <= answer.status_code < 300:
            retryable = answer.status_code >= 500 or answer.status_code in (408, 429)
            raise ToolError(f"webhook {to}: answered {answer.status_code}", retryable=retryable)


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


def _session(endpoint: Endpoint) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    if not endpoint.allow_private:
        session.mount("https://", _PublicAdapter())
        session.mount("http://", _PublicAdapter())
    return session


def _checked(connected: socket.socket) -> socket.socket:
    """The socket, if its peer is public; closed and refused otherwise, before a byte is sent."""
    address = ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_global:
        connected.close()
        raise PrivateAddress("the address is not public")
    return connected


class _PublicHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _PublicHTTPS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTP


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPS


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        self.poolmanager = PoolManager(num_pools=1, maxsize=1, retries=False)
        self.poolmanager.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}
