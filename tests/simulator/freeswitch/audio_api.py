"""`uuid_audio_stream`: the api command of mod_audio_stream.

Responsible for: taking the command line apart as the module does, and its answers. It must never know
the WebSocket.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.simulator.freeswitch import textsplit
from tests.simulator.freeswitch.audio_stream import AudioStream, Target

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch

OK = "+OK Success\n"
FAILED = "-ERR Operation Failed\n"
NO_REPLY = "-ERR no reply\n"
USAGE = (
    "-USAGE: <uuid> [start | stop | send_text | pause | resume | graceful-shutdown ] "
    "[wss-url | path] [mono | mixed | stereo] [8000 | 16000] [metadata]\n"
)
LONGEST_METADATA = 8192
URL = re.compile(r"ws://([A-Za-z0-9.-]+)(?::(\d+))?(/[^ ]*|)")


def audio_stream(switch: FakeFreeSwitch, argument: str) -> str:
    """One command; returns its answer."""
    words = textsplit.split_blank(argument, 6)
    if len(words) < 2 or (words[1] == "start" and len(words) < 4):
        return USAGE
    channel = switch.channels.get(words[0])
    if channel is None or not channel.alive:
        return FAILED
    stream = stream_of(channel)
    if words[1] == "start":
        return _start(channel, stream, words)
    if stream is None:
        return FAILED
    return _on_stream(stream, words)


def stream_of(channel: Channel) -> AudioStream | None:
    """The stream that is attached; there is one at most."""
    return next((tap for tap in channel.line.taps if isinstance(tap, AudioStream)), None)


def _on_stream(stream: AudioStream, words: list[str]) -> str:
    text = words[2] if len(words) > 2 else ""
    if words[1] == "stop":
        stream.stop(text)
    elif words[1] == "send_text":
        if not text:
            return NO_REPLY
        stream.send_text(text)
    elif words[1] in ("pause", "resume"):
        stream.paused = words[1] == "pause"
    else:
        return FAILED
    return OK


def _start(channel: Channel, stream: AudioStream | None, words: list[str]) -> str:
    url, mix = words[2], words[3]
    rate = {"8k": 8000, "16k": 16000}.get(words[4] if len(words) > 4 else "8k", 0)
    rate = rate or (int(words[4]) if words[4].isdigit() else 0)
    if mix not in ("mono", "mixed", "stereo"):
        return NO_REPLY
    found = URL.fullmatch(url)
    if stream is not None or found is None or rate == 0 or rate % 8000:
        return FAILED
    if mix != "mono" or rate not in (8000, 16000, 24000, 48000):
        channel.switch.complaints.append(
            f"{channel.uuid}: audio stream {mix} at {rate} is not simulated"
        )
        return FAILED
    metadata = words[5][:LONGEST_METADATA] if len(words) > 5 else ""
    channel.pre_answer()
    target = Target(found[1], int(found[2] or 80), found[3] or "/")
    AudioStream(channel, target, rate, metadata).start()
    return OK
