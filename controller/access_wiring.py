"""Puts together who may do what: settings, database, the local key; and keeps it tidy.

Responsible for making one `Access` a process, for the first admin's link, and for forgetting what is
over. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import gevent
import structlog

from controller.access.access import Access, AccessOptions
from controller.access.api_keys import local_key, read_local_key
from controller.access.ports import Unavailable
from controller.access.sessions import Lifetimes
from controller.access.softphone import PublicSoftphone
from controller.gateway.guard import LOOPBACK_HOSTS
from controller.settings import Settings
from controller.storage.access import SqlAccess

PURGE_EVERY_S = 3600.0

log = structlog.get_logger(__name__)


class AccessWiring:
    """`Access` with its database. Raises StorageError, and OSError when the local key can't be kept."""

    def __init__(self, settings: Settings) -> None:
        self._store = SqlAccess(settings.database_url)
        self.access = Access(self._store, local_key(settings.var_dir), _options(settings))
        self._purging: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin to forget what is over."""
        self._purging = gevent.spawn(self._purge_for_ever)

    def close(self) -> None:
        """Let threads go."""
        if self._purging is not None:
            self._purging.kill()
        self.access.passwords.close()
        self._store.close()

    def first_words(self, url: str) -> list[str]:
        """What a person who starts the server at `url` must be told of the login."""
        try:
            token = self.access.accounts.first_link()
        except Unavailable as error:
            return [f"The accounts can't be read: {error}"]
        if token is None:
            return []
        return [
            "There is no user yet. Make the first admin with this link, within an hour, once:",
            f"{url.rstrip('/')}/setup/{token}",
        ]

    def _purge_for_ever(self) -> None:
        while True:
            try:
                self.access.purge()
            except Unavailable as error:
                log.warning("old logins were not forgotten", error=str(error))
            gevent.sleep(PURGE_EVERY_S)


def _options(settings: Settings) -> AccessOptions:
    login = settings.login
    return AccessOptions(
        PublicSoftphone(login.public_softphone),
        settings.loopback_only,
        login.behind_proxy,
        Lifetimes(timedelta(hours=login.idle_h), timedelta(days=login.absolute_days)),
    )


def key_headers(settings: Settings, server: str | None, key_file: Path | None) -> Mapping[str, str]:
    """With what a program on this machine shows a server who it is.

    The key in `key_file`; without one the local key, but only towards this machine: it must not be
    told to another (`server`). Raises OSError for a file that can't be read.
    """
    if key_file is not None:
        key = key_file.read_text("ascii", errors="replace").strip()
    else:
        here = server is None or urlsplit(server).hostname in LOOPBACK_HOSTS
        key = read_local_key(settings.var_dir) if here else ""
    return {"Authorization": f"Bearer {key}"} if key else {}
