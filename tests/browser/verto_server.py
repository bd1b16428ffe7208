"""The product's gateway over a simulated mod_verto, with doors for the test: no engines, no FreeSWITCH.

`POST /<what>` at the port `--doors` does something on FreeSWITCH's side: ring, hang-up, cut, stop,
start, story, card, talk (on the agent's card), person (on the caller's page); `GET /calls` tells what
it has.
Must never be used by the product.
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import dataclasses  # noqa: E402
from collections.abc import Mapping, Sequence  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from typing import Any  # noqa: E402

from flask import Flask, jsonify  # noqa: E402
from gevent.event import Event  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

from controller.gateway.notices import notice  # noqa: E402
from controller.gateway.server import create_app, serve  # noqa: E402
from controller.session.happenings import PersonSpoke  # noqa: E402
from controller.verto.caller import Caller, Right  # noqa: E402
from controller.verto.desk import AgentDesk, Card, Spoken  # noqa: E402
from controller.verto.messages import note_text  # noqa: E402
from controller.verto.relay import Relay  # noqa: E402
from controller.verto.switchboard import Switchboard, SwitchboardLimits  # noqa: E402
from controller.verto.upstream import UpstreamOptions  # noqa: E402
from tests.simulator.verto.server import FakeVerto  # noqa: E402
from tests.unit.gateway.fakes import make_deps  # noqa: E402
from tests.unit.verto.conftest import Numbers  # noqa: E402

HOSTILE = "<img src=x onerror=document.title='hacked'>"
STORY = (
    note_text("session", session_id="0198c0de", bot="demo"),
    note_text("state", state="listening"),
    note_text("final", turn=1, text=f"My name is Sarah {HOSTILE}", by="speech"),
    note_text("state", state="speaking"),
    note_text("reply", turn=1, reply_id="r1", text="Which day suits you?", citations=[]),
    note_text("metrics", turn=1, response_ms=420, endpoint_ms=300, tts_first_frame_ms=50),
)
CARD = Card(
    "0198c0de",
    "+12025550143",
    "Appointments",
    "en",
    "Sarah Johnson wants to move her appointment.",
    {"name": "Sarah Johnson", "when": f"Thursday the 26th at ten {HOSTILE}"},
    [
        Spoken("bot", "Hello, this is the automated booking line. May I have your name?"),
        Spoken("caller", "My name is Sarah Johnson."),
        Spoken("bot", "Which day and time suit you?"),
        Spoken("caller", "I'd rather talk to somebody."),
    ],
)


AT = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
TALK = (
    PersonSpoke("agent", "Ada", "Good morning Sarah, how can I help?", AT),
    PersonSpoke("caller", "Ada", f"I'd like another day {HOSTILE}", AT),
    PersonSpoke("agent", "extension 1001", "One moment.", AT),
)


class Door:
    """VertoDoor: everybody may do everything."""

    ice_servers: Sequence[str] = ()
    numbers: Mapping[str, str] = {"demo": "7000", "other": "7001"}

    def __init__(self, url: str) -> None:
        options = UpstreamOptions(url, "1234", first_wait_s=0.2, longest_wait_s=0.5)
        self.agents = AgentDesk("1099")
        self.switchboard = Switchboard(
            options, Numbers(), SwitchboardLimits(grace_s=5), closed=self.agents.leave
        )

    def who(self, environ: Mapping[str, Any]) -> Caller | None:
        return Caller("Ada", "1011", frozenset(Right))

    def stand_by(self, relay: Relay, on: bool) -> bool:
        return self.agents.stand_by(relay, on)

    def typed(self, relay: Relay, call_id: str, text: str) -> None:
        relay.tell(note_text("final", turn=2, text=text, by="text"))

    def stories(self, relay: Relay) -> Sequence[str]:
        return STORY if relay.calls else ()


def add_doors(app: Flask, verto: FakeVerto, door: Door) -> None:
    """The test's own routes."""

    def tell(*texts: str) -> None:
        for relay in door.switchboard:
            for text in texts:
                relay.tell(text)

    def shown(taken: bool) -> None:
        try:
            with door.agents.presented("1011", CARD):
                if not taken:
                    raise TimeoutError
        except TimeoutError:
            return

    def talk() -> None:
        for said in TALK:
            line = Spoken(said.who, said.text, said.agent, said.at)
            door.agents.tell(CARD.session_id, line)

    actions = {
        "ring": lambda: verto.ring("1011", name=f"Sarah {HOSTILE}", number="+12025550143"),
        "hang-up": lambda: [verto.hang_up(call, 17) for call in list(verto.calls.values())],
        "cut": verto.cut,
        "stop": verto.stop,
        "start": verto.start,
        "story": lambda: tell(*STORY),
        "card": lambda: tell(CARD.note()),
        "taken": lambda: shown(True),
        "nobody": lambda: shown(False),
        "talk": talk,
        "person": lambda: tell(*(notice(said) or "" for said in TALK)),
    }

    def act(what: str) -> str:
        actions[what]()
        return "done"

    app.add_url_rule("/<what>", view_func=act, methods=["POST"])

    @app.get("/calls")
    def calls() -> Any:
        return jsonify(_calls(verto))


def _calls(verto: FakeVerto) -> list[dict[str, Any]]:
    names = ("call_id", "number", "held", "digits", "moved_to", "attaches")
    return [{name: getattr(call, name) for name in names} for call in verto.calls.values()]


def main() -> None:
    """Serve on loopback until terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--doors", type=int, required=True)
    given = parser.parse_args()
    verto = FakeVerto().start()
    door = Door(verto.url)
    doors = Flask("doors")
    add_doors(doors, verto, door)
    WSGIServer(("127.0.0.1", given.doors), doors, log=None).start()
    serve(create_app(dataclasses.replace(make_deps(), verto=door)), "127.0.0.1", given.port)
    Event().wait()


if __name__ == "__main__":
    main()
