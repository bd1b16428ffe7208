"""Campaigns over a real FreeSWITCH, whose gateway is sipp: everybody becomes what was arranged.

Telephones are busy, refuse, ring out, don't exist, are people or answering machines. A whole server with
its engines calls them; what is on record is compared with the arrangement, number by number, and with
what the gateway and FreeSWITCH saw of it.
"""

from __future__ import annotations

import json
import wave
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from gevent import sleep

from controller.campaign_desk import open_desk
from controller.configure import load
from controller.dialer.desk import CampaignDesk, ImportChoice
from controller.dialer.export import ExportFormat
from controller.dialer.windows import Weekday
from tests.freeswitch import arranged
from tests.freeswitch.arranged import People, arrange
from tests.freeswitch.gateway import NAME, Gateway, find_sipp
from tests.freeswitch.house import PREFIX, House
from tests.freeswitch.switch import wait_for
from tests.simulator.server_process import var_dir

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.engines,
    pytest.mark.alone,
    pytest.mark.timeout(600),
]

AT_ONCE = 6
"""Ten were too many for two cores with other work: words came too late 11 times in 200 calls."""
RING_S = 5
LIMIT_S = 420.0
QUIET_S = 15.0
HEARD_SHARE = 0.8
"""Of the people who say yes; on a busy machine a bot may still be talking when they do."""
LOOK_EVERY_S = 0.5
RATE = 8000
LOUD = 300
"""Sample of PCM16 that is a voice and no noise."""
ALWAYS = {day.name.lower(): ["00:00-24:00"] for day in Weekday}
ANYONE = {
    "bot": "reminder_en",
    "gateway": NAME,
    "windows": ALWAYS,
    "calls_per_s": 5,
    "max_calls": AT_ONCE,
    "ring_s": RING_S,
    "retry": {"max_tries": 1},
}
MESSAGE = {"machine": "leave_message", "message": "This is Larkfield Energy. Please call us back."}
CALLS = (
    *((arranged.ANSWERS, 30), (arranged.LEAVES, 28), (arranged.ANNOYED, 6), (arranged.MACHINE, 20)),
    *((arranged.RINGS, 10), (arranged.BUSY, 14), (arranged.BUSY_EVERYWHERE, 5), (arranged.DECLINES, 10)),
    *((arranged.FORBIDS, 10), (arranged.UNKNOWN, 10), (arranged.INCOMPLETE, 8), (arranged.GONE, 3)),
    *((arranged.AWAY, 12), (arranged.BROKEN, 9)),
)
"""175 calls."""
MESSAGES = ((arranged.RECORDER, 20), (replace(arranged.LEAVES, last=750), 5))
"""25 more, at the same time."""
Row = dict[str, Any]


@dataclass
class Scene:
    """A gateway, FreeSWITCH and a server, and an operator's desk."""

    gateway: Gateway
    house: House
    desk: CampaignDesk
    home: Path

    def call(self, name: str, people: People, **settings: Any) -> None:
        """A campaign of these people, started."""
        self.desk.create(name, {**ANYONE, **settings})
        file = self.home / f"{name}.csv"
        arranged.write_list(people, file)
        assert self.desk.import_file(name, file, ImportChoice()).accepted == len(people)
        self.desk.start(name)

    def wait_until(self, state: str, limit_s: float, *names: str) -> None:
        """All these campaigns are in that state. Raises AssertionError when they are not in time."""

        def look() -> bool:
            sleep(LOOK_EVERY_S)  # the calls need the machine more than we do
            assert self.gateway.alive, self.gateway.errors()
            return all(self.desk.find(name).state == state for name in names)

        wait_for(look, limit_s)

    def results(self, name: str) -> list[Row]:
        """What the export says of it."""
        file = self.home / f"{name}.json"
        self.desk.export(name, file, ExportFormat.JSON)
        rows: list[Row] = json.loads(file.read_text())
        return rows

    def sessions_of_switch(self) -> int:
        """All calls that FreeSWITCH has begun."""
        said = self.house.switch.api("status")
        return int(said.partition(" session(s) since startup")[0].split()[-1])


@pytest.fixture(scope="module")
def scene(freeswitch_home: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    if find_sipp() is None:
        pytest.skip("no sipp on the PATH: apt install sip-tester")
    home = tmp_path_factory.mktemp("gateway")
    url = f"sqlite:///{home / 'switchtalk.db'}"
    settings = {
        f"{PREFIX}OUTBOUND__ALLOWED": r'["\\+44\\d+"]',
        f"{PREFIX}OUTBOUND__GATEWAY": NAME,
        f"{PREFIX}OUTBOUND__MAX_CALLS": str(AT_ONCE),
        "SWITCHTALK_DIALER__MAX_CALLS": str(AT_ONCE),
        "SWITCHTALK_BOTS__REMINDER_EN__RECORD": "true",
        "SWITCHTALK_DATABASE__URL": url,
        "SWITCHTALK_VAR_DIR": str(var_dir()),  # prompts that were made before are used again
    }
    with ExitStack() as stack:
        gateway = stack.enter_context(Gateway(home))
        house = House(home, settings=settings, configuration=gateway.configuration())
        stack.callback(house.stop)
        desk = stack.enter_context(open_desk(load(None, {"database.url": url})))
        house.start()
        yield Scene(gateway, house, desk, home)


def test_two_hundred_contacts_end_as_arranged(scene: Scene) -> None:
    calls, messages = arrange(CALLS), arrange(MESSAGES)
    everybody = {**calls, **messages}
    assert len(everybody) == len(calls) + len(messages) == 200
    before = scene.sessions_of_switch()
    began = monotonic()
    scene.call("calls", calls)
    scene.call("messages", messages, **MESSAGE)
    scene.wait_until("done", LIMIT_S, "calls", "messages")
    took_s = monotonic() - began
    wait_for(scene.house.quiet, QUIET_S)

    rows = [*scene.results("calls"), *scene.results("messages")]
    _print_table(rows, everybody, took_s)
    assert sorted(row["number"] for row in rows) == sorted(everybody), "each is on record once"
    assert _unlike_arranged(rows, everybody) == []
    wanted = Counter(fate.disposition for fate in everybody.values())
    counts = [scene.desk.status(name).counts for name in ("calls", "messages")]
    assert Counter(counts[0].done) + Counter(counts[1].done) == wanted
    assert Counter(counts[0].attempts) + Counter(counts[1].attempts) == wanted
    assert counts[0].open_attempts == counts[1].open_attempts == 0

    assert sorted(scene.gateway.called()) == sorted(everybody), "each telephone rang once"
    assert scene.sessions_of_switch() - before == len(everybody)
    assert scene.house.channels() == 0
    listed = {entry.number for entry in scene.desk.do_not_call_page(limit=1000)}
    assert listed == {number for number, fate in everybody.items() if fate is arranged.ANNOYED}
    _check_conversations([row for row in rows if everybody[row["number"]].talks], everybody)


def test_a_gateway_that_fails_every_call_pauses_the_campaign(scene: Scene) -> None:
    people = arrange([(arranged.BROKEN, 14)])
    scene.call("broken", people)
    scene.wait_until("paused", 30, "broken")
    wait_for(scene.house.quiet, QUIET_S)
    rows = scene.results("broken")
    tried = [row for row in rows if row["attempt"]]
    assert "NORMAL_TEMPORARY_FAILURE" in scene.desk.find("broken").why
    assert 5 <= len(tried) < len(people), "it was paused when it was sure, and not later"
    assert {row["disposition"] for row in tried} == {"failed"}
    assert {row["contact_state"] for row in rows if not row["attempt"]} == {"waiting"}


def _unlike_arranged(rows: list[Row], people: People) -> list[str]:
    """Everything on record that is not as arranged, in words."""
    wrong = []
    for row in rows:
        fate = people[row["number"]]
        wanted = ("done", fate.disposition, fate.disposition, fate.cause, 1, 1)
        names = ("contact_state", "contact_disposition", "disposition", "cause", "tries", "attempt")
        found = tuple(row[name] for name in names)
        reached = (bool(row["answered_at"]), bool(row["session_id"]), bool(row["recording"]))
        if found != wanted or reached != (fate.talks,) * 3:
            wrong.append(
                f"{row['number']} ({fate.what}): {found} {reached}, session {row['session_id']}"
            )
    return wrong


def _check_conversations(rows: list[Row], people: People) -> None:
    """What was asked is on record, and a machine has heard what it should."""
    assert len({row["session_id"] for row in rows}) == len(rows)
    told: Counter[tuple[bool, str | None]] = Counter()
    for row in rows:
        fate, who = people[row["number"]], f"{row['number']}, session {row['session_id']}"
        told[fate is arranged.ANSWERS, row.get("slot_is_person")] += 1
        caller, bot = _sides(Path(row["recording"]))
        assert caller.size, f"{who}: nothing of the caller is recorded"
        if fate is arranged.MACHINE:
            assert not bot.size, f"{who}: the bot talked to a machine"
        elif fate is arranged.RECORDER:
            assert bot.size > RATE, f"{who}: there is no message"
    asked = told[True, "yes"] + told[True, None]
    assert told[True, "yes"] >= HEARD_SHARE * asked > 0, told
    assert set(told) <= {(True, "yes"), (True, None), (False, None)}, told


def _sides(recording: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Where the caller and where the bot is loud: indices of samples."""
    with wave.open(str(recording)) as file:
        assert file.getnchannels() == 2
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    caller, bot = (np.flatnonzero(np.abs(side.astype(int)) > LOUD) for side in both.T)
    return caller, bot


def _print_table(rows: list[Row], people: People, took_s: float) -> None:
    """For who reads the test's output."""
    lines = Counter(
        (fate.what, fate.disposition, row["disposition"], row["cause"])
        for row in rows
        for fate in (people[row["number"]],)
    )
    for (what, wanted, found, cause), count in sorted(lines.items()):
        print(f"{count:4} {what:20} {wanted:16} {found:16} {cause}")
    print(f"{len(rows)} contacts in {took_s:.0f} s")
