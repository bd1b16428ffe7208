"""Processes that dial are killed in the middle, and two work at once: nobody is called twice for one
attempt, and nothing is lost."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import gevent
import pytest
from gevent.subprocess import PIPE, Popen

from controller.campaign_desk import open_desk
from controller.configure import load
from controller.dialer.desk import CampaignDesk, ImportChoice
from controller.dialer.lost import NEVER_DIALLED
from controller.dialer.model import AttemptState, CampaignState, ContactState, Disposition
from controller.dialer.windows import Weekday
from tests.simulator.freeswitch.originate import Dial
from tests.simulator.freeswitch.phones import Answers, Behaviour
from tests.simulator.freeswitch.simulator import FakeFreeSwitch

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 30.0
PEOPLE = 24
EVERY_DAY = {day.name.lower(): ["00:00-24:00"] for day in Weekday}


class Switch(FakeFreeSwitch):
    """Writes down whom it was told to dial; everybody answers."""

    def behaviour_of(self, dial: Dial) -> Behaviour:
        self.dialled = [*getattr(self, "dialled", []), dial.variables["origination_uuid"]]
        return Answers(200)


class Town:
    """A FreeSWITCH, a database with one campaign, and processes that dial."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.switch = Switch(password="ClueCon", temp_dir=home)
        self.workers: list[Popen] = []
        self.environment: dict[str, str] = {}

    def start(self, stack: ExitStack) -> CampaignDesk:
        self.switch.start()
        stack.callback(self.stop)
        settings = {
            "VAR_DIR": str(self.home / "var"),
            "LOG__LEVEL": "warning",
            "DIALER__LEASE_S": "3",
            "DIALER__MAX_CALLS": "20",
            "FREESWITCH__HOST": "127.0.0.1",
            "FREESWITCH__PORT": str(self.switch.esl_port),
            "FREESWITCH__PASSWORD": "ClueCon",
            "FREESWITCH__SOCKET_PORT": "0",
            "FREESWITCH__OUTBOUND__ALLOWED": r'["\\+44\\d+"]',
            "FREESWITCH__OUTBOUND__GATEWAY": "trunk",
            "FREESWITCH__OUTBOUND__PER_SECOND": "100",
            "FREESWITCH__OUTBOUND__BURST": "100",
            "FREESWITCH__OUTBOUND__MAX_CALLS": "20",
        }
        self.environment = {f"SWITCHTALK_{name}": value for name, value in settings.items()}
        overrides = {"var_dir": str(self.home / "var")}
        desk = stack.enter_context(open_desk(load(None, overrides)))
        given = {"bot": "demo", "max_calls": 6, "calls_per_s": 20.0, "windows": EVERY_DAY}
        desk.create("c", given)
        people = self.home / "people.csv"
        numbers = "".join(f"+4420794600{number:02d}\n" for number in range(PEOPLE))
        people.write_text("number\n" + numbers)
        assert desk.import_file("c", people, ImportChoice()).accepted == PEOPLE
        desk.start("c")
        return desk

    def worker(self, *arguments: str) -> Popen:
        started = Popen(
            [sys.executable, "-m", "tests.integration.campaign_worker", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdin=PIPE,
            stdout=PIPE,
        )
        self.workers.append(started)
        with gevent.Timeout(LIMIT_S, AssertionError("the worker did not start")):
            assert started.stdout.readline() == b"ready\n"
        return started

    def stop(self) -> None:
        for worker in self.workers:
            worker.stdin.close()
            with gevent.Timeout(LIMIT_S, AssertionError("a worker did not end")):
                worker.wait()
        self.switch.stop()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[tuple[Town, CampaignDesk]]:
    town = Town(tmp_path)
    with ExitStack() as stack:
        yield town, town.start(stack)


def wait_for(predicate: Callable[[], object]) -> None:
    with gevent.Timeout(LIMIT_S, AssertionError(f"not within {LIMIT_S} s")):
        while not predicate():
            gevent.sleep(0.05)


def nothing_under_way(desk: CampaignDesk) -> bool:
    """Everybody was called at least once, and nobody is being called."""
    if desk.status("c").live:
        return False
    untried = [one for one in desk.contacts("c", limit=1000) if not one.tries]
    return not untried and not desk.status("c").live  # a lost one may have been dialled meanwhile


def check_books(town: Town, desk: CampaignDesk) -> Counter[str]:
    """What FreeSWITCH saw and what is on record agree; attempts by disposition and cause."""
    attempts = desk.recent("c", 1000)
    assert all(attempt.state is AttemptState.ENDED for attempt in attempts)
    assert len(set(town.switch.dialled)) == len(town.switch.dialled), "one attempt was dialled twice"
    dialled = [attempt for attempt in attempts if attempt.cause != NEVER_DIALLED]
    assert set(town.switch.dialled) == {attempt.id for attempt in dialled}, "FreeSWITCH saw others"
    per_contact = Counter(attempt.contact_id for attempt in dialled)
    assert max(per_contact.values()) == 1, "called again before its time"
    for contact in desk.contacts("c", limit=1000):
        assert contact.tries == 1
        lost = contact.disposition is Disposition.FAILED
        assert contact.state in (ContactState.WAITING, ContactState.DONE) if lost else ContactState.DONE
    wait_for(lambda: not town.switch.channels)
    return Counter(f"{attempt.disposition}:{attempt.cause}" for attempt in attempts)


def test_killed_before_and_after_the_originate_and_while_they_talk(
    town: tuple[Town, CampaignDesk],
) -> None:
    place, desk = town
    for when, number in (("before", "3"), ("after", "4")):
        worker = place.worker(when, number)
        wait_for(lambda worker=worker: worker.poll() is not None)
        assert worker.returncode == -9
    worker = place.worker()
    wait_for(lambda: any(one.state is AttemptState.TALKING for one in desk.status("c").live))
    worker.kill()
    place.worker()
    wait_for(lambda: nothing_under_way(desk))
    books = check_books(place, desk)
    lost = books.pop("failed:DIALER_LOST")
    assert 2 <= lost <= 17  # at most what the three had under way
    assert books.pop("cancelled:NEVER_DIALLED") == 1, "the first was killed before it dialled"
    assert lost + sum(books.values()) == PEOPLE
    assert set(books) == {"completed:NORMAL_CLEARING"}


def test_two_processes_share_a_campaign(town: tuple[Town, CampaignDesk]) -> None:
    place, desk = town
    place.worker()
    place.worker()
    wait_for(lambda: desk.find("c").state is CampaignState.DONE)
    assert check_books(place, desk) == {"completed:NORMAL_CLEARING": PEOPLE}
    assert len(place.switch.dialled) == PEOPLE
