"""A town that calls its people through a campaign while everything around the dialer breaks.

Responsible for the simulated FreeSWITCH and its people, the database, the processes that dial, and for
breaking each of them. Must never judge what came of it: `ordeal_books` does.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import gevent
from gevent.subprocess import PIPE, Popen

from controller.campaign_desk import open_desk
from controller.configure import load
from controller.dialer.desk import CampaignDesk, ImportChoice
from controller.dialer.model import Disposition
from controller.dialer.windows import Weekday
from tests.integration.campaign_worker import CLOCK
from tests.simulator.freeswitch.originate import Dial
from tests.simulator.freeswitch.phones import Answers, Behaviour, Busy, Fails, Rejects
from tests.simulator.freeswitch.simulator import FakeFreeSwitch

ROOT = Path(__file__).resolve().parents[2]
NAME = "ordeal"
HASTE = 10.0
"""The dialers' clocks run so much faster than the calls: the shortest back-off, 30 s, takes 3 s."""
BACK_OFF_S = 30
MAX_TRIES = 3
LIMIT_S = 60.0
OBEYED_S = 10.0
"""A process that dials makes its next call within this time, or there is none left for it."""
LOCKED_S = 6.5
"""Longer than a statement waits for the lock (5 s)."""
CUT_S = 2.0
DOWN_S = 1.0
EVERY_DAY = {day.name.lower(): ["00:00-24:00"] for day in Weekday}
RETRIED = (Disposition.BUSY, Disposition.NO_ANSWER, Disposition.FAILED, Disposition.CANCELLED)

MOODS: dict[Disposition, Behaviour] = {
    Disposition.COMPLETED: Answers(200),
    Disposition.BUSY: Busy(),
    Disposition.REJECTED: Rejects(100),
    Disposition.NO_ANSWER: Fails(480, 400),
    Disposition.INVALID: Fails(404),
    Disposition.FAILED: Fails(503),
}
"""What a call meets, by how it is to be put on record."""
SHARES = (55, 16, 6, 12, 5, 6)


class Blow(StrEnum):
    """Something that breaks."""

    KILL = "kill"  # a process that dials, at a random moment
    KILL_BEFORE = "kill_before"  # the attempt is written, the originate is not sent
    KILL_AFTER = "kill_after"  # the originate is sent, nothing is noted
    RESTART = "restart"  # FreeSWITCH
    LOCK = "lock"  # the database, by another process
    CUT = "cut"  # the database is not there


@dataclass(frozen=True, slots=True)
class Struck:
    """A blow and when it fell, in real seconds since the epoch."""

    blow: Blow
    began_s: float
    ended_s: float


class Switch(FakeFreeSwitch):
    """A FreeSWITCH whose people behave as `moods` says: by number, a mood for each call."""

    moods: dict[str, list[Disposition]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.met: dict[str, Disposition] = {}
        """By uuid of the originate."""
        self._calls: Counter[str] = Counter()
        self.most_calls = 0

    def behaviour_of(self, dial: Dial) -> Behaviour:
        moods = self.moods[dial.number]
        mood = moods[min(self._calls[dial.number], len(moods) - 1)]
        self._calls[dial.number] += 1
        self.met[dial.variables["origination_uuid"]] = mood
        self.most_calls = max(self.most_calls, len(self.channels))
        return MOODS[mood]

    def halt(self, cause: str) -> None:
        """It doesn't die between two commands of one packet."""
        if self._heart is not None:
            self._heart.kill()  # which waits
        while {key for _realm, key in self.kept} - set(self.originates):
            gevent.sleep(0)
        super().halt(cause)

    @property
    def originates(self) -> list[str]:
        """The uuids of all originates that arrived, in order."""
        lines = [command.line for command in self.commands if command.line.startswith("bgapi originate")]
        return [line.partition("origination_uuid=")[2][:36] for line in lines]


@dataclass(slots=True)
class Worker:
    """A process that dials."""

    process: Popen
    ready: bool = False


@dataclass
class Town:
    """`with Town(…).open() as desk`; then `strike` until the campaign is done."""

    home: Path
    people: int
    calls: int
    random: random.Random
    lease_s: float
    """On the dialers' clocks; it must be longer than the database is away."""
    workers: list[Worker] = field(default_factory=list)
    struck: list[Struck] = field(default_factory=list)
    blows: list[gevent.Greenlet] = field(default_factory=list)
    """Those that were struck in the background."""
    began_s: float = field(default_factory=time.time)

    @contextmanager
    def open(self) -> Iterator[CampaignDesk]:
        """Everything runs; the campaign has started."""
        self.switch = Switch(password="ClueCon", temp_dir=self.home)
        numbers = [f"+44207946{number:04d}" for number in range(self.people)]
        chosen = self.random.choices(list(MOODS), SHARES, k=self.people * (MAX_TRIES + 1))
        self.switch.moods = defaultdict(list)
        for place, mood in enumerate(chosen):
            self.switch.moods[numbers[place % self.people]].append(mood)
        with ExitStack() as stack:
            self.switch.start()
            stack.callback(self._close)
            (self.home / "records").mkdir()
            self.environment = self._environment()
            desk = stack.enter_context(open_desk(load(None, {"database.url": self.database_url})))
            self._campaign(desk, numbers)
            self.hire()
            self.hire()
            yield desk

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.home}/records/town.db"

    def _environment(self) -> dict[str, str]:
        settings = {
            "VAR_DIR": str(self.home / "var"),
            "DATABASE__URL": self.database_url,
            "LOG__LEVEL": "error",
            "DIALER__LEASE_S": str(self.lease_s),
            "DIALER__MAX_CALLS": str(self.calls),
            "FREESWITCH__HOST": "127.0.0.1",
            "FREESWITCH__PORT": str(self.switch.esl_port),
            "FREESWITCH__PASSWORD": "ClueCon",
            "FREESWITCH__SOCKET_PORT": "0",
            "FREESWITCH__OUTBOUND__ALLOWED": r'["\\+44\\d+"]',
            "FREESWITCH__OUTBOUND__GATEWAY": "trunk",
            "FREESWITCH__OUTBOUND__PER_SECOND": "100",
            "FREESWITCH__OUTBOUND__BURST": "100",
            "FREESWITCH__OUTBOUND__MAX_CALLS": str(self.calls),
        }
        return {f"SWITCHTALK_{name}": value for name, value in settings.items()}

    def _campaign(self, desk: CampaignDesk, numbers: list[str]) -> None:
        given = {
            "bot": "demo",
            "max_calls": self.calls,
            "calls_per_s": 50.0,
            "windows": EVERY_DAY,
            "retry": {"max_tries": MAX_TRIES, "after_s": dict.fromkeys(RETRIED, BACK_OFF_S)},
            "breaker": {"max_failed_share": 1.0},  # FreeSWITCH is to be away, and not to stop us
        }
        desk.create(NAME, given)
        people = self.home / "people.csv"
        people.write_text("number\n" + "".join(f"{number}\n" for number in numbers))
        assert desk.import_file(NAME, people, ImportChoice()).accepted == self.people
        desk.start(NAME)

    def _close(self) -> None:
        for worker in self.workers:
            worker.process.stdin.close()
        for worker in self.workers:
            with gevent.Timeout(LIMIT_S, AssertionError("a worker did not end")):
                worker.process.wait()
        self.switch.stop()

    # --- processes ---------------------------------------------------------------------------

    def hire(self) -> Worker:
        """Start a process that dials, and don't wait for it."""
        process = Popen(
            [sys.executable, "-m", "tests.integration.campaign_worker", "signal", "0"],
            cwd=ROOT,
            env={**os.environ, **self.environment, CLOCK: f"{self.began_s} {HASTE}"},
            stdin=PIPE,
            stdout=PIPE,
        )
        worker = Worker(process)
        self.workers.append(worker)
        gevent.spawn(self._greet, worker)
        return worker

    def _greet(self, worker: Worker) -> None:
        worker.ready = worker.process.stdout.readline() == b"ready\n"

    @property
    def is_staffed(self) -> bool:
        """Nobody has left. Raises AssertionError if somebody has."""
        assert all(worker.process.poll() is None for worker in self.workers), "a worker ended by itself"
        return True

    # --- blows -------------------------------------------------------------------------------

    def strike(self, blow: Blow) -> None:
        """Break something; returns when it is over, and noted."""
        began_s = time.time()
        match blow:
            case Blow.KILL:
                self._kill()
            case Blow.KILL_BEFORE:
                self._kill(signal.SIGUSR1)
            case Blow.KILL_AFTER:
                self._kill(signal.SIGUSR2)
            case Blow.RESTART:
                self._restart()
            case Blow.LOCK:
                self._lock()
            case Blow.CUT:
                self._cut()
        self.struck.append(Struck(blow, began_s, time.time()))

    def _kill(self, order: signal.Signals | None = None) -> None:
        """At once, or (`order`) by its own hand at its next call."""
        wait_for(lambda: any(worker.ready for worker in self.workers))
        victim = self.random.choice([worker for worker in self.workers if worker.ready])
        if order is not None:
            victim.process.send_signal(order)
            with gevent.Timeout(OBEYED_S, False):
                victim.process.wait()
        victim.process.kill()
        assert victim.process.wait() == -9, "it ended by itself"
        victim.process.stdin.close()
        self.workers.remove(victim)
        self.hire()

    def _restart(self) -> None:
        self.switch.restart(DOWN_S)

    def _lock(self) -> None:
        """Another process writes, and does not come to an end."""
        hold = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1],timeout=30,isolation_level=None);" + (
            "c.execute('BEGIN EXCLUSIVE');print('held',flush=True);sys.stdin.read()"
        )
        path = f"{self.home}/records/town.db"
        holder = Popen([sys.executable, "-c", hold, path], stdin=PIPE, stdout=PIPE)
        assert holder.stdout.readline() == b"held\n"
        gevent.sleep(LOCKED_S)
        holder.stdin.close()
        assert holder.wait() == 0

    def _cut(self) -> None:
        """As when a volume goes away and comes back."""
        there, away = self.home / "records", self.home / "away"
        there.rename(away)
        gevent.sleep(CUT_S)
        away.rename(there)


def wait_for(predicate: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    with gevent.Timeout(limit_s, AssertionError(f"not within {limit_s} s")):
        while not predicate():
            gevent.sleep(0.02)
