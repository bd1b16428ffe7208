"""A store on either database, and a server that receives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.storage.outbox import OutboxStore
from tests.integration.receiver import receiving


@pytest.fixture
def url(migrated_database):
    return migrated_database


@pytest.fixture
def open_store(url):
    stores = []

    def open_at(minutes=0.0):
        later = timedelta(minutes=minutes)
        stores.append(OutboxStore(url, now=lambda: datetime.now(UTC) + later))
        return stores[-1]

    yield open_at
    for store in stores:
        store.close()


@pytest.fixture
def receiver():
    with receiving() as got:
        yield got
