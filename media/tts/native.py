"""Locks between native threads, also when gevent has patched `threading`.

A patched lock belongs to a hub: a pool thread that waits on it would start a hub of its own. This
one is the operating system's. Never take it on the hub.
"""

from __future__ import annotations

from typing import Protocol, cast

from gevent import monkey


class NativeLock(Protocol):
    """What `_thread.allocate_lock` returns."""

    def __enter__(self) -> bool: ...

    def __exit__(self, *exc: object) -> None: ...


def native_lock() -> NativeLock:
    """A new lock that pool threads may wait on."""
    return cast(NativeLock, monkey.get_original("_thread", "allocate_lock")())
