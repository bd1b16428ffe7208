"""The dialer's store: its parts on one database. Keeps `controller.dialer.ports.DialerStore`.

Responsible for putting them together. Must never know who dials.
"""

from __future__ import annotations

from controller.storage.dialer_attempts import SqlAttempts
from controller.storage.dialer_campaigns import SqlCampaigns
from controller.storage.dialer_contacts import SqlContacts
from controller.storage.dialer_database import DialerDatabase
from controller.storage.dialer_do_not_call import SqlDoNotCall
from controller.storage.engine import BUSY_TIMEOUT_MS


class SqlDialerStore:
    """Every method of its parts waits cooperatively while one native thread works; raises
    DialerUnavailable, which is both a StoreUnavailable and a DatabaseUnavailable. The constructor raises
    StorageError for a URL that can't be used; the database must have been migrated."""

    def __init__(self, database_url: str, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._database = DialerDatabase(database_url, busy_timeout_ms)
        self.campaigns = SqlCampaigns(self._database)
        self.contacts = SqlContacts(self._database)
        self.attempts = SqlAttempts(self._database)
        self.do_not_call = SqlDoNotCall(self._database)

    def close(self) -> None:
        """Let the thread go."""
        self._database.close()
