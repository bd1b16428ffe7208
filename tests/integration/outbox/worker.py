"""A worker process that delivers an outbox until it is empty, or kills itself at a given point.

Arguments: database URL, receiver's URL (smtp://… for e-mail, webhook:http://…, else SMS), point
("never", "claimed", "sent", "marked"), whether its channel is repeatable ("yes", "no"). Prints "ready"
before it begins.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402

import gevent  # noqa: E402

from controller.storage.engine import DatabaseUnavailable  # noqa: E402
from controller.storage.outbox import OutboxState, OutboxStore  # noqa: E402
from controller.tools.channels.email import EmailChannel, MailSecurity, MailServer  # noqa: E402
from controller.tools.channels.sms import SmsChannel, SmsProvider  # noqa: E402
from controller.tools.channels.webhook import Endpoint, WebhookChannel  # noqa: E402
from controller.tools.outbox.worker import Patience, Worker  # noqa: E402

PATIENCE = Patience(poll_s=0.05, at_once=1)


def channel(url, repeatable):
    if url.startswith("smtp://"):
        host, _, port = url.removeprefix("smtp://").partition(":")
        server = MailServer(host, int(port), "bot@example.org", MailSecurity.NONE)
        return EmailChannel(server, {"desk": "desk@example.org"})
    if url.startswith("webhook:"):
        hook = Endpoint(url.removeprefix("webhook:"), "s" * 16, allow_private=True)
        return WebhookChannel({"desk": hook})
    body = {"to": "$to", "text": "$text", "id": "$message_id"}
    header = "Idempotency-Key" if repeatable else ""
    return SmsChannel(SmsProvider(url, body, "secret", header, allow_private=True), {"desk": "123"})


def dies_after(owner, name, now):
    """Kill this process when `owner.name` has returned, if `now`."""
    real = getattr(owner, name)

    def fatal(*args, **kwargs):
        value = real(*args, **kwargs)
        if now and (value is not None or name == "send"):
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    setattr(owner, name, fatal)


def main(database_url, url, point, repeatable):
    store = OutboxStore(database_url)
    sms = channel(url, repeatable == "yes")
    dies_after(store, "claim", point == "claimed")
    dies_after(sms, "send", point == "sent")
    dies_after(store, "sent", point == "marked")
    worker = Worker(
        store, {"sms": sms, "email": sms}, unavailable=DatabaseUnavailable, patience=PATIENCE
    )
    print("ready", flush=True)
    sys.stdin.readline()
    worker.start()
    while store.listed(OutboxState.DUE):
        gevent.sleep(0.05)
    worker.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
