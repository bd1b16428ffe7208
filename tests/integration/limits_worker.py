"""A dialer process that begins as many calls as it may, and ends some of them.

Arguments: database URL, campaign id, calls of the campaign and of all at most. Prints "ready", then how
many are open whenever it is refused, `REFUSALS` times; leaves its last calls open.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from uuid import uuid4  # noqa: E402

from controller.dialer.model import Begin, Disposition, Limits, Outcome, Settlement  # noqa: E402
from controller.dialer.ports import StoreUnavailable  # noqa: E402
from controller.storage.dialer_store import SqlDialerStore  # noqa: E402

LEASE = timedelta(minutes=1)
REFUSALS = 3


def again(work, *given):
    """What `work` gives, however often the database is busy."""
    while True:
        try:
            return work(*given)
        except StoreUnavailable:
            continue


def main(url, campaign_id, of_campaign, of_all):
    store, limits = SqlDialerStore(url), Limits(int(of_campaign), int(of_all))
    print("ready", flush=True)
    sys.stdin.readline()
    zones = [group.zones for group in store.contacts.waiting(campaign_id)]
    mine, refused = [], 0
    while refused < REFUSALS:
        now = datetime.now(UTC)
        (lease,) = again(store.contacts.lease_next, campaign_id, zones, 1, now, now + LEASE)
        attempt_id = str(uuid4())
        begun = again(store.attempts.begin_attempt, lease, attempt_id, "", now, now + LEASE, limits)
        if begun is Begin.BEGUN:
            mine.append(attempt_id)
            continue
        assert begun is Begin.FULL, begun
        refused += 1
        print("full", len(store.attempts.open()), len(store.attempts.open(campaign_id)), flush=True)
        if mine and refused < REFUSALS:
            done = Outcome(Disposition.COMPLETED)
            assert again(store.attempts.end_attempt, mine.pop(), done, Settlement(None), now)
    print("over", len(mine), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
