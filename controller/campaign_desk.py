"""The desk of this installation's campaigns, from the settings: for the command line and the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controller.dialer.desk import CampaignDesk, Place
from controller.settings import Settings
from controller.storage.dialer_store import SqlDialerStore
from controller.storage.migrations import migrate


def campaign_place(settings: Settings) -> Place:
    """What a campaign can rely on here."""
    return Place(
        bots=frozenset(settings.bots),
        own=frozenset(settings.freeswitch.numbers),
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
