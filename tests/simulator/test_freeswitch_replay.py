"""The simulated FreeSWITCH does what the real one did: its transcripts, replayed."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from gevent import socket
from gevent.pool import Pool

from tests.simulator.freeswitch import (
    Answers,
    Behaviour,
    Busy,
    Fails,
    FakeFreeSwitch,
    NoAnswer,
    NotRegistered,
    Rejects,
    transcripts,
)
from tests.simulator.freeswitch.peer import Peer
from tests.simulator.freeswitch.replay import Replay
from tests.simulator.freeswitch.stub_media_server import Ending, StubMediaServer

AT_ONCE = 12
"""Replays side by side: most of their time is waiting."""

PHONES: dict[str, dict[str, Behaviour]] = {
    "10_": {"1000": Answers()},
    "11_": {"1000": Answers()},
    "12_": {"1005": NotRegistered()},
    "13_": {"1000": Busy()},
    "14_": {"1000": Rejects()},
    "15_": {"1000": NoAnswer()},
    "16_": {"1000": Fails(404)},
    "17_": {"1000": Fails(480)},
    "18_": {"5551234": Fails(503)},
    "20_": {"1000": Fails(503)},
    "21_": {"1000": Fails(500)},
    "40_": {"1000": Answers(500)},
}
SERVERS: dict[str, tuple[Ending, ...]] = {
    "21_": (Ending.FORBIDDEN,),
    "22_": (Ending.HANG,),
    "23_": (Ending.GARBAGE,),
    "24_": (Ending.DROP,),
    "25_": (Ending.CLOSE_1000,),
    "26_": (Ending.CLOSE_1011,),
    "27_": (Ending.FIN,),
    "28_": (Ending.RST,),
}
FILES = {"media/a": 600, "media/b": 600, "media/c": 600, "media/w8": 5000, "t3": 3000} | {
    f"media/ch_500_{n}": 500 for n in range(4)
}
"""The sound files that were played, ms."""
REPLAYED = [name for name in transcripts.names() if "60_sendevent" not in name]
"""Those two belong together and have a test of their own."""


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("audio")
    (directory / "media").mkdir()
    for name, ms in FILES.items():
        samples = (np.sin(np.arange(ms * 8) * 0.47) * 8000).astype("<i2")
        with wave.open(str(directory / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(samples.tobytes())
    return directory


def replay(name: str, audio: Path) -> list[str]:
    folder, _, file = name.partition("/")
    number = file.partition("_")[0] + "_"
    fs = FakeFreeSwitch(heartbeat_s=3600, temp_dir=audio)
    for user, behaviour in PHONES.get(number, {}).items() if folder == "esl" else ():
        fs.phone(user, behaviour)
    if folder != "audio_stream":
        return Replay(name, fs, audio).run()
    with StubMediaServer(*SERVERS.get(number, ())) as server:
        return Replay(name, fs, audio, server.port).run()


@pytest.fixture(scope="module")
def differences(audio: Path) -> dict[str, list[str]]:
    """What differs, by transcript; all are replayed before the first is judged."""
    pool = Pool(AT_ONCE)
    running = {name: pool.spawn(replay, name, audio) for name in REPLAYED}
    pool.join()
    return {name: greenlet.get() for name, greenlet in running.items()}


@pytest.mark.parametrize("name", REPLAYED)
def test_behaves_as_recorded(name: str, differences: dict[str, list[str]]) -> None:
    assert not differences[name], "\n".join(differences[name])


def test_sent_events_reach_listeners() -> None:
    """Two connections: what one sends, the other gets as recorded."""
    fs = FakeFreeSwitch(heartbeat_s=3600)
    fs.start()
    listener, sender = (Peer(socket.create_connection(("127.0.0.1", fs.esl_port))) for _ in range(2))
    for peer, name in ((listener, "listener"), (sender, "sender")):
        for step in transcripts.load(f"esl/60_sendevent_{name}"):
            if "send" in step:
                peer.sock.sendall(step["send"].encode())
        assert peer.wait(replies=3, events=0)
    recorded = [
        step["event"] for step in transcripts.load("esl/60_sendevent_listener") if "event" in step
    ]
    assert listener.wait(replies=3, events=len(recorded))
    got = [step["event"] for step in listener.of_kind("event")]
    replies = [dict(step["reply"])["Reply-Text"] for step in sender.of_kind("reply")[2:]]
    assert [event.pop("Event-UUID") for event in got] == [
        reply.split()[1] for reply in replies[: len(got)]
    ]
    assert got == [{k: v for k, v in event.items() if k != "Event-UUID"} for event in recorded]
    fs.stop()


def test_a_difference_would_be_noticed(audio: Path) -> None:
    fs = FakeFreeSwitch(heartbeat_s=3600)
    fs.phone("1000", Rejects())  # was busy
    found = "\n".join(Replay("esl/13_bgapi_originate_USER_BUSY", fs, audio).run())
    assert "CALL_REJECTED" in found
    assert "USER_BUSY" in found
