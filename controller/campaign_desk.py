"""The desk of this installation's campaigns, from the settings: for the command line and the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import gevent

from controller.dialer.desk import CampaignDesk, Place
from controller.number_screen import own_numbers
from controller.settings import Settings
from controller.storage.dialer_store import SqlDialerStore
from controller.storage.migrations import migrate

T = TypeVar("T")


def campaign_place(settings: Settings) -> Place:
    """What a campaign can rely on here."""
    return Place(
        bots=frozenset(settings.bots),
        own=own_numbers(settings),
        kinds=settings.freeswitch.outbound.kinds,
        internal=settings.dialer.extensions,
        region=settings.dialer.region,
        zone=settings.dialer.time_zone,
    )


@contextmanager
def open_desk(settings: Settings) -> Iterator[CampaignDesk]:
    """A desk on the settings' database, which is brought up to date. Raises StorageError."""
    migrate(settings.database_url)
    store = SqlDialerStore(settings.database_url)
    try:
        yield CampaignDesk(store, campaign_place(settings))
    finally:
        store.close()


def on_a_thread(work: Callable[[], T]) -> T:
    """Where a server's desk reads files: on a native thread, while the greenlet that asked waits. An
    error is raised here, not printed there."""
    done: list[T] = []
    if error := gevent.get_hub().threadpool.apply(_tried, (work, done)):
        raise error
    return done[0]


def _tried(work: Callable[[], T], done: list[T]) -> Exception | None:
    try:
        done.append(work())
    except Exception as error:  # noqa: BLE001 - raised again where it was asked for
        return error
    return None
