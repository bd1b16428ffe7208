"""One guarded HTTP POST, for channels that speak HTTP.

Responsible for where it may go and for telling "not delivered" from "nobody knows". Must never know what
is posted.

Redirects are not followed and proxies of the environment not used. An address that isn't public is
refused unless allowed; the connected socket is checked, so that a name that changes its mind between
look-up and connection gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError
from urllib3.poolmanager import PoolManager

from controller.tools.base import ToolError
from controller.tools.channels.base import OutcomeUnknown

TIMEOUT_S = 5.0
_LATER = (408, 425, 429)
"""Refusals that a later try may not meet, besides 5xx."""


class PrivateAddress(Exception):
    """The URL's name leads to an address that isn't public. No OSError: urllib3 would hide it."""


def check_url(url: str, what: str) -> None:
    """Raises ValueError for a URL that `what` (said in the error) can't post to."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{what}'s url must be http://… or https://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{what}'s url must not hold a user or password")


def post(
    what: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """POST `body`; any 2xx answer means delivered. `what` names it in errors, which never hold the URL.

    Raises ToolError when it is not delivered, OutcomeUnknown when it was sent and not answered.
    """
    with _session(allow_private) as session:
        try:
            answer = session.post(
                url,
                data=body,
                headers={"User-Agent": "SwitchTalk", **headers},
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, PrivateAddress) as error:
            raise _failure(what, error, timeout_s) from error
        answer.close()  # the body is nobody's business and may be endless
    if not 200 <= answer.status_code < 300:
        retryable = answer.status_code >= 500 or answer.status_code in _LATER
        raise ToolError(f"{what}: answered {answer.status_code}", retryable=retryable)


def _failure(what: str, error: Exception, timeout_s: float) -> ToolError:
    if isinstance(error, PrivateAddress):
        return ToolError(f"{what}: its address is not public")
    if _never_connected(error):
        return ToolError(f"{what}: {type(error).__name__}", retryable=True)
    if isinstance(error, requests.Timeout):
        return OutcomeUnknown(f"{what}: no answer within {timeout_s} s")
    if isinstance(error, requests.ConnectionError):
        return OutcomeUnknown(f"{what}: {type(error).__name__}")
    return ToolError(f"{what}: {type(error).__name__}")


def _never_connected(error: Exception) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _session(allow_private: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    if not allow_private:
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
