"""A dialer process that calls a campaign's contacts through, or kills itself in the middle.

Arguments: database URL, campaign id, attempts after which it kills itself (0: never). Prints "ready"
before it begins, then the number of every contact that it was about to dial.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from uuid import uuid4  # noqa: E402

from controller.dialer.model import Begin, Disposition, Outcome, Settlement  # noqa: E402
from controller.dialer.ports import StoreUnavailable  # noqa: E402
from controller.storage.dialer_store import SqlDialerStore  # noqa: E402

LEASE = timedelta(minutes=1)


def again(work, *given):
    """What `work` gives, however often the database is busy."""
    while True:
        try:
            return work(*given)
        except StoreUnavailable:
            continue


def main(url, campaign_id, die_after):
    store = SqlDialerStore(url)
    print("ready", flush=True)
    sys.stdin.readline()
    zones = [group.zones for group in store.contacts.waiting(campaign_id)]
    begun = 0
    while True:
        now = datetime.now(UTC)
        leases = again(store.contacts.lease_next, campaign_id, zones, 3, now, now + LEASE)
        if not leases:
            return
        for lease in leases:
            attempt_id = str(uuid4())
            said = again(store.attempts.begin_attempt, lease, attempt_id, "", now, now + LEASE)
            assert said is Begin.BEGUN, said
            print(lease.contact.number, flush=True)
            begun += 1
            if begun == die_after:
                os.kill(os.getpid(), signal.SIGKILL)
            outcome = Outcome(Disposition.COMPLETED)
            assert again(store.attempts.end_attempt, attempt_id, outcome, Settlement(None), now)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
