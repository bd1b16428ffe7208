"""A server for tests of the campaign pages: real pages, desk, dialer and database; people who answer at
once, and whose number's last digit says how the call goes."""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Collection  # noqa: E402
from dataclasses import replace  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[2]))

from controller.campaign_office import CampaignOffice  # noqa: E402
from controller.dialer.desk import CampaignDesk, ImportChoice, Place  # noqa: E402
from controller.dialer.dialer import Dialer  # noqa: E402
from controller.dialer.model import AttemptState, Disposition, Outcome  # noqa: E402
from controller.dialer.ports import CallOrder, Progress  # noqa: E402
from controller.gateway.server import create_app, serve  # noqa: E402
from controller.storage.dialer_store import SqlDialerStore  # noqa: E402
from controller.storage.migrations import migrate  # noqa: E402
from tests.login import with_key  # noqa: E402
from tests.unit.gateway.fakes import make_deps  # noqa: E402

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAY = {day: ["00:00-24:00"] for day in DAYS}
FATES = {
    "0": Disposition.BUSY, "1": Disposition.NO_ANSWER, "2": Disposition.MACHINE,
    "3": Disposition.REJECTED, "4": Disposition.TRANSFERRED, "5": Disposition.DO_NOT_CALL,
}  # fmt: skip
SLOW = "9"
"""Numbers with this last digit talk until they are hung up on."""
TALKS_S = 0.4


class SystemClock:
    """Time as it is."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(gevent.sleep)

    def now(self) -> datetime:
        return datetime.now(UTC)


class Call:
    """A call that is answered at once."""

    def __init__(self, order: CallOrder) -> None:
        self.attempt_id = order.attempt_id
        self.number = order.number
        self.began = datetime.now(UTC)
        self.over = False

    @property
    def progress(self) -> Progress:
        return Progress(AttemptState.TALKING, self.began, f"session-{self.number[-4:]}")

    def wait(self, timeout_s: float | None = None) -> Outcome | None:
        talked = datetime.now(UTC) - self.began
        ends = not self.number.endswith(SLOW) and talked > timedelta(seconds=TALKS_S)
        if not (self.over or ends):
            return None
        fate = FATES.get(self.number[-1], Disposition.COMPLETED)
        slots = {"answer": "=1+1"} if fate is Disposition.COMPLETED else {}
        return Outcome(
            fate, "NORMAL_CLEARING", f"session-{self.number[-4:]}", slots, answered_at=self.began
        )

    def hang_up(self, politely: bool = True) -> None:
        self.over = True


class Phones:
    """Everybody's telephone."""

    def room(self) -> int:
        return 50

    def place(self, order: CallOrder) -> Call:
        return Call(order)

    def live(self) -> Collection[str]:
        return ()

    def end(self, attempt_id: str) -> None:
        pass


def people(count: int, last_digits: str = "0123456789") -> str:
    """A list of so many, whose numbers end with these in turn."""
    ends = len(last_digits)
    rows = [f"+8613{80_000_000 + n // ends}{last_digits[n % ends]},小{n}" for n in range(count)]
    return "\n".join(["number,name", *rows])


def fill(desk: CampaignDesk, folder: Path) -> None:
    """A draft without contacts, one that is paused, one that is done."""
    lists = {"paused": people(60, "01234567"), "done": people(30, "0123456678")}
    once = {"bot": "demo", "windows": ALL_DAY, "retry": {"max_tries": 1}, "calls_per_s": 50}
    desk.create("Spring <script>alert(1)</script>", {"bot": "demo"})
    for name, rows in lists.items():
        campaign = desk.create(
            {"paused": "预约提醒", "done": "Renewals"}[name], once | {"max_calls": 10}
        )
        path = folder / f"{name}.csv"
        path.write_text(rows)
        desk.import_file(campaign.id, path, ImportChoice(skip_bad=True))
        desk.start(campaign.id)


def main() -> None:
    """Serve on loopback, with files in the working directory, until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    url = f"sqlite:///{Path.cwd() / 'records.db'}"
    migrate(url)
    desk = CampaignDesk(SqlDialerStore(url), Place(bots=("demo", "other"), region="CN"))
    fill(desk, Path.cwd())
    # its own store, as a dialer has: a page's questions never wait for it
    dialer = Dialer(SqlDialerStore(url), Phones(), SystemClock(), max_calls=20)
    greenlet = gevent.spawn(dialer.run_for_ever)
    deps = replace(make_deps(), campaigns=CampaignOffice(desk))
    server = serve(with_key(create_app(deps)), "127.0.0.1", parser.parse_args().port)
    print(f"listening on {server.port}", flush=True)
    gevent.signal_handler(signal.SIGTERM, greenlet.kill)
    greenlet.join()


if __name__ == "__main__":
    main()
