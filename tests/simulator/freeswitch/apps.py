"""The applications of the dialplan and of `sendmsg execute`.

Responsible for: what each one does to its channel; every function runs in the channel's greenlet and
returns when the application is over. It must never be called from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulator.freeswitch import bridging
from tests.simulator.freeswitch.audio import SILENCE, NotPlayable, Recorder, Sound, load

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel

START_S = -0.010
"""From PLAYBACK_START to the first frame: half a tick."""
APOLOGY = "tone_stream://%(400,0,520)"


def _answer(channel: Channel, argument: str) -> None:
    channel.answer()


def _pre_answer(channel: Channel, argument: str) -> None:
    channel.pre_answer()


def _ring_ready(channel: Channel, argument: str) -> None:
    channel.ring_ready()


def _set(channel: Channel, argument: str) -> None:
    name, _, value = argument.partition("=")
    set_variable(channel, name, value)


def set_variable(channel: Channel, name: str, value: str) -> None:
    """An empty value unsets."""
    if value:
        channel.variables[name] = value
    else:
        channel.variables.pop(name, None)


def _unset(channel: Channel, argument: str) -> None:
    set_variable(channel, argument, "")


def _hangup(channel: Channel, argument: str) -> None:
    channel.hangup(argument or "NORMAL_CLEARING")


def _park(channel: Channel, argument: str) -> None:
    if channel.depth == 1:  # executed inside another park it has no effect
        park(channel)


def park(channel: Channel) -> None:
    """Do nothing but what `sendmsg` asks for, until hung up, transferred or let go."""
    channel.detached = False
    channel.fire("CHANNEL_PARK")
    while channel.staying and not channel.detached:
        if channel.variables.get("send_silence_when_idle", "0") != "0":
            channel.line.write(SILENCE)
        channel.tick()
        channel.run_messages()
    channel.fire("CHANNEL_UNPARK")


def _sleep(channel: Channel, argument: str) -> None:
    for _ in range(int(argument) // 20):
        if not channel.staying or channel.breaking:
            break
        channel.tick()
        channel.run_messages()
    channel.breaking = False


def _echo(channel: Channel, argument: str) -> None:
    channel.answer()
    while channel.staying:
        for frame in channel.tick():
            channel.line.write(frame)
        channel.run_messages()


def _playback(channel: Channel, argument: str) -> None:
    try:
        sound = load(argument)
    except NotPlayable:
        channel.variables["current_application_response"] = "FILE NOT FOUND"
        return
    channel.pre_answer()
    channel.breaking = False
    channel.fire("PLAYBACK_START", [("Playback-File-Path", sound.path)])
    channel.playing += 1
    channel.broken = False
    played, broken = _play(channel, sound)
    channel.playing -= 1
    position = sound.offset + min(played * 160, sound.samples)
    read_ms = sound.read_ms(played * 20)
    channel.variables |= {
        "playback_last_offset_pos": str(position),
        "playback_seconds": str(read_ms // 1000),
        "playback_ms": str(read_ms),
        "playback_samples": str(read_ms * 8),
    }
    status = "break" if broken else "done"
    channel.fire("PLAYBACK_STOP", [("Playback-File-Path", sound.path), ("Playback-Status", status)])
    cut_off = not channel.alive and channel.variables.get("sip_hangup_disposition") == "recv_bye"
    channel.variables["current_application_response"] = "PLAYBACK ERROR" if cut_off else "FILE PLAYED"


def _play(channel: Channel, sound: Sound) -> tuple[int, bool]:
    """Write it frame by frame; returns how many frames, and whether it was broken off."""
    line = channel.line
    if line.idle_ticks > 0:
        line.restart_clock(START_S)
        channel.tick()
    for index, frame in enumerate(sound.frames):
        if not channel.breaking:
            channel.run_messages()
        if channel.breaking or channel.broken:
            leaked = channel.broken
            channel.breaking, channel.broken = False, True
            if leaked:
                line.write(frame)
                channel.tick()
            line.idle_ticks = 1  # what follows starts afresh
            return index + leaked, True
        if not channel.staying:
            return index, False
        line.write(frame)
        channel.tick()
    return len(sound.frames), False


def _record(channel: Channel, argument: str) -> None:
    start_recording(channel, argument)


def start_recording(channel: Channel, path: str) -> None:
    """`record_session`, `uuid_record start`."""
    if all(each.path != path for each in channel.line.recorders):
        channel.line.recorders.append(Recorder(path))
        channel.fire("RECORD_START", [("Record-File-Path", path)])


def _stop_record(channel: Channel, argument: str) -> None:
    stop_recording(channel, argument)


def stop_recording(channel: Channel, path: str) -> bool:
    """`stop_record_session`, `uuid_record stop`; "all" or a path. False when there was none."""
    chosen = [each for each in channel.line.recorders if path in ("all", each.path)]
    for recorder in chosen:
        channel.line.recorders.remove(recorder)
        recorder.save()
        channel.fire("RECORD_STOP", [("Record-File-Path", recorder.path)])
    return bool(chosen)


def _send_dtmf(channel: Channel, argument: str) -> None:
    channel.phone.pressed_here += argument.partition("@")[0]


def _transfer(channel: Channel, argument: str) -> None:
    destination = argument.split()[0]
    channel.switch.transfer(channel, destination)


def _socket(channel: Channel, argument: str) -> None:
    address, *modes = argument.split()
    session = channel.switch.connect_socket(channel, address, modes)
    if session is None:
        return
    if "async" in modes:
        park(channel)
        channel.run_messages()
    else:
        session.serve_sync()


def _apology(channel: Channel, argument: str) -> None:
    channel.switch.apologies.append(channel.uuid)
    channel.answer()
    _playback(channel, APOLOGY)


def _nothing(channel: Channel, argument: str) -> None:
    return None


APPS: dict[str, Callable[[Channel, str], None]] = {
    "answer": _answer,
    "pre_answer": _pre_answer,
    "ring_ready": _ring_ready,
    "set": _set,
    "export": _set,
    "unset": _unset,
    "hangup": _hangup,
    "park": _park,
    "sleep": _sleep,
    "echo": _echo,
    "playback": _playback,
    "record_session": _record,
    "stop_record_session": _stop_record,
    "send_dtmf": _send_dtmf,
    "start_dtmf": _nothing,
    "stop_dtmf": _nothing,
    "log": _nothing,
    "break": _nothing,
    "transfer": _transfer,
    "bridge": bridging.bridge,
    "socket": _socket,
    "apology": _apology,
}
"""An application that is not here hangs the call up, as in FreeSWITCH."""
