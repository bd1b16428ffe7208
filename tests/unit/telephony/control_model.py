"""The control connection of a call, as its parts see it: it keeps what is said and answers as told."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import gevent
from gevent.queue import Queue

from controller.telephony.commands import Api, Command
from controller.telephony.esl.event import Event
from controller.telephony.esl.message import Reply


class FakeControl:
    """`answers` is asked for every command's text: it may block, raise, or give a body."""

    def __init__(self, answers: Callable[[str], str] = lambda text: "+OK") -> None:
        self.answers = answers
        self.said: list[str] = []
        self.said_at: list[float] = []
        self.news: Queue[str] = Queue()

    def command(self, command: Command, timeout_s: float = 5.0) -> Reply:
        return Reply(self._ask(command.text))

    def api(self, api: Api, timeout_s: float = 5.0) -> str:
        return self._ask(api.text)

    def wait(self, word: str, timeout_s: float = 2.0) -> str:
        """The next thing said that holds `word`."""
        with gevent.Timeout(timeout_s, AssertionError(f"nobody said {word!r}; {self.said}")):
            while word not in (text := self.news.get()):
                pass
        return text

    def _ask(self, text: str) -> str:
        self.said.append(text)
        self.said_at.append(monotonic())
        self.news.put(text)
        gevent.sleep(0)
        return self.answers(text)


def event(name: str, subclass: str = "", body: str = "", **headers: str) -> Event:
    """An event; `Application_UUID="x"` is header Application-UUID."""
    plain = {
        key if key.startswith("variable_") else key.replace("_", "-"): value
        for key, value in headers.items()
    }
    return Event(name, subclass, {"Event-Name": name, "Unique-ID": "u1", **plain}, body)


def eventually(check: Callable[[], bool], timeout_s: float = 2.0) -> None:
    """Give the hub turns until it holds."""
    with gevent.Timeout(timeout_s, AssertionError("it never came true")):
        while not check():
            gevent.sleep(0.001)
