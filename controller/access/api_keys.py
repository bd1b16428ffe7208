"""API keys: `stk_…`, shown once, for programs; and the key of this machine's own command line.

Responsible for making and finding them. Must never know a header.

A key does what its scopes say and its owner's role allows, while the owner is active. The local key
stands in a file that only this process's user can read: who reads it could as well write the database.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from controller.access.model import AccessError, ApiKey, Identity, Means, Role
from controller.access.ports import KeyStore
from controller.access.roles import Scope
from controller.access.tokens import digest, new_id, new_token, same

PREFIX = "stk_"
LOCAL_NAME = "local"
LOCAL_FILE = "local.key"
MAX_DAYS = 3650
MAX_NAME_CHARS = 64
MAX_KEYS = 50
"""Of one user."""
USED_EVERY = timedelta(minutes=1)
EVERY_SCOPE = frozenset(str(scope) for scope in Scope)


class ApiKeys:
    """The keys. Methods raise what the store raises."""

    def __init__(self, store: KeyStore, local_key: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._local_key = local_key
        self._now = now

    def make(
        self, user_id: str, name: str, scopes: Collection[str], days: int | None
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is not kept. `days` None: it never expires.

        Raises AccessError for a name, scope or time that won't do.
        """
        name = " ".join(name.split())
        if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
            raise AccessError("key_name", f"a key needs a name of 1 to {MAX_NAME_CHARS} characters")
        if not scopes or not set(scopes) <= EVERY_SCOPE:
            raise AccessError("key_scopes", f"scopes must be some of {', '.join(Scope)}")
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise AccessError("key_days", f"days must be 1 to {MAX_DAYS}")
        if len(self._store.keys_of(user_id)) >= MAX_KEYS:
            raise AccessError("key_many", f"a user may have {MAX_KEYS} keys; revoke one", 409)
        now, text = self._now(), PREFIX + new_token()
        expires = None if days is None else now + timedelta(days=days)
        ordered = tuple(str(scope) for scope in Scope if scope in scopes)
        key = ApiKey(new_id(), user_id, name, ordered, now, expires)
        self._store.add_key(key, digest(text))
        return key, text

    def of(self, user_id: str) -> Sequence[ApiKey]:
        """A user's keys, the newest first."""
        return sorted(self._store.keys_of(user_id), key=lambda key: key.created_at, reverse=True)

    def revoke(self, user_id: str, key_id: str) -> None:
        """It works no more. Raises AccessError for a key that this user has not."""
        if not self._store.remove_key(user_id, key_id):
            raise AccessError("no_key", "you have no such key", 404)

    def find(self, text: str) -> Identity | None:
        """Whose key this is; None for one that is unknown or expired, or whose owner is disabled."""
        if same(text, self._local_key):
            return Identity(LOCAL_NAME, Role.ADMIN, Means.KEY, scopes=EVERY_SCOPE)
        found = self._store.key(digest(text)) if text.startswith(PREFIX) else None
        if found is None:
            return None
        key, owner = found
        now = self._now()
        if not owner.active or key.over(now):
            return None
        if key.used_at is None or now - key.used_at > USED_EVERY:
            self._store.touch_key(key.id, now)
        name = f"{owner.name} ({key.name})"
        return Identity(name, owner.role, Means.KEY, owner.id, frozenset(key.scopes), key=key.id)


def local_key(var_dir: Path) -> str:
    """The key in `var_dir/local.key` (mode 0600), made when there is none. Processes that start
    together end up with the same one. Raises OSError."""
    path = var_dir / LOCAL_FILE
    if kept := read_local_key(var_dir):
        return kept
    var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = PREFIX + "local_" + new_token()
    draft = path.with_name(f".{LOCAL_FILE}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made + "\n")
    try:
        os.link(draft, path)  # fails where one is: the other process's then
    except FileExistsError:
        if kept := read_local_key(var_dir):
            return kept
        draft.replace(path)  # an empty file is none
        return made
    finally:
        draft.unlink(missing_ok=True)
    return made


def read_local_key(var_dir: Path) -> str:
    """What `local_key` made; "" where no server ever ran. Raises OSError for one that can't be read."""
    try:
        return (var_dir / LOCAL_FILE).read_text("ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
