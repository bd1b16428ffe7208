"""A server's telephone and dialer without its engines, in a process that can be killed.

Settings come from the environment; a conversation ends by itself after `TALK_S`. Arguments: "before" or
"after", and the number of the originate before or after which the process kills itself (none: never);
or "signal" and 0: see `die_at`.
Prints "ready", and ends when its standard input does. `CLOCK` in the environment ("<since> <times>")
makes the dialer's clock run so much faster than time, from that second since the epoch on.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from dataclasses import replace  # noqa: E402
from datetime import UTC, datetime  # noqa: E402

import gevent  # noqa: E402

from controller import dialing as wiring  # noqa: E402
from controller.dialing import DialingClock, PhoneCaller, open_dialing  # noqa: E402
from controller.gateway.server import create_app, serve  # noqa: E402
from controller.observe.logs import LogStyle, configure_logging  # noqa: E402
from controller.phone_options import telephony_options  # noqa: E402
from controller.settings import Settings  # noqa: E402
from controller.telephony.service import Telephony  # noqa: E402
from tests.integration.telephony.house import PhoneOpener  # noqa: E402
from tests.unit.gateway.fakes import make_deps  # noqa: E402

TALK_S = 0.4
CLOCK = "CAMPAIGN_WORKER_CLOCK"


class Opener(PhoneOpener):
    """Its sessions are short."""

    def open_session(self, **given):
        session = super().open_session(**given)
        gevent.spawn_later(TALK_S, session.end, "goodbye")
        return session


class FastClock(DialingClock):
    """Back-offs and leases of minutes pass in seconds; the same for all processes."""

    def __init__(self):
        super().__init__()
        self.since_s, self.times = map(float, os.environ[CLOCK].split())

    def now(self):
        return datetime.fromtimestamp(self.since_s + (time.time() - self.since_s) * self.times, UTC)

    def monotonic(self):
        return super().monotonic() * self.times

    def sleep(self, seconds):
        super().sleep(seconds / self.times)


def die_at(when, number):
    """Kill this process, before or after it has dialled so often; "signal": at the next call after
    SIGUSR1 (before) or SIGUSR2 (after)."""
    place, placed, told = PhoneCaller.place, [0], [when]

    def deadly(self, order):
        placed[0] += 1
        now = when != "signal" and placed[0] == number
        if told[0] == "before" and (now or when == "signal"):
            os.kill(os.getpid(), signal.SIGKILL)
        call = place(self, order)
        if told[0] == "after" and (now or when == "signal"):
            gevent.sleep(0.05)  # FreeSWITCH has heard of it
            os.kill(os.getpid(), signal.SIGKILL)
        return call

    PhoneCaller.place = deadly
    signal.signal(signal.SIGUSR1, lambda *_: told.__setitem__(0, "before"))
    signal.signal(signal.SIGUSR2, lambda *_: told.__setitem__(0, "after"))


def main(*arguments):
    if arguments:
        die_at(arguments[0], int(arguments[1]))
    if CLOCK in os.environ:
        wiring.DialingClock = FastClock
    settings = Settings()
    configure_logging(settings.log.level, LogStyle.CONSOLE)
    telephony = Telephony(
        telephony_options(settings), Opener(100), recorded=lambda _bot: False, saved=lambda *_: None
    )
    gateway = serve(create_app(replace(make_deps(), media_sockets=telephony.door)), "127.0.0.1", 0)
    telephony.start(f"ws://127.0.0.1:{gateway.port}")
    assert telephony.link.wait_up(60)
    dialing = open_dialing(settings, telephony)
    dialing.start()
    print("ready", flush=True)
    gevent.get_hub().threadpool.apply(sys.stdin.read)
    dialing.stop()
    telephony.stop()
    gateway.stop(timeout=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
