"""The api commands, by name.

Responsible for: parsing each command's arguments and its exact answer. It must never know which
connection asked.
"""

from __future__ import annotations

import json
import time
import uuid as uuids
from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent

from tests.simulator.freeswitch import apps, bridging, originate
from tests.simulator.freeswitch.audio_api import audio_stream
from tests.simulator.freeswitch.wire import quoted

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch

OK = "+OK\n"
DEAD = "-ERR No such channel!\n"
DEAD_ANSWERS = {
    "uuid_answer": "-ERROR\n",
    "uuid_broadcast": "-ERR invalid uuid\n",
    "uuid_bridge": "-ERR Invalid uuid\n",
    "uuid_record": "-ERR Cannot locate session!\n",
    "uuid_send_dtmf": "-ERR Cannot locate session!\n",
}
USAGES = {
    "uuid_kill": (1, "<uuid> [cause]"),
    "uuid_break": (1, "<uuid> [all]"),
    "uuid_getvar": (2, "<uuid> <var>"),
    "uuid_setvar": (2, "<uuid> <var> [value]"),
    "uuid_bridge": (2, "<uuid> <other_uuid>"),
    "uuid_transfer": (2, "<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]"),
    "uuid_record": (3, "<uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]"),
}
"""How many words each needs, and what it says with fewer."""
MODULES: set[str] = {
    "mod_event_socket",
    "mod_audio_stream",
    "mod_db",
    "mod_sofia",
    "mod_commands",
    "mod_dptools",
    "mod_sndfile",
}
VERSION = (
    "FreeSWITCH Version 1.11.1-release+git~20260526T204126Z~c2c59645f6~64bit "
    "(git c2c5964 2026-05-26 20:41:26Z 64bit)\n"
)


def run(switch: FakeFreeSwitch, line: str) -> str:
    """One command with its arguments; returns the body of the answer."""
    name, _, argument = line.partition(" ")
    if name in PLAIN:
        return PLAIN[name](switch, argument)
    if name in ON_CHANNEL:
        uuid, _, rest = argument.partition(" ")
        needs, usage = USAGES.get(name, (1, "<uuid>"))
        if len(argument.split()) < needs:
            return f"-USAGE: {usage}\n"
        channel = switch.channels.get(uuid)
        if channel is None or not channel.alive:
            return DEAD_ANSWERS.get(name, DEAD)
        return ON_CHANNEL[name](channel, rest)
    return f"-ERR {name} Command not found!\n"


# Without a channel


def _status(switch: FakeFreeSwitch, argument: str) -> str:
    up_s = int(time.monotonic() - switch.started_s)
    live = len(switch.channels)
    return (
        f"UP 0 years, 0 days, {up_s // 3600} hours, {up_s // 60 % 60} minutes, {up_s % 60} seconds, "
        "0 milliseconds, 0 microseconds\n"
        "FreeSWITCH (Version 1.11.1-release git c2c5964 2026-05-26 20:41:26Z 64bit) is ready\n"
        f"{switch.session_count} session(s) since startup\n"
        f"{live} session(s) - peak {live}, last 5min {live} \n"
        f"0 session(s) per Sec out of max 100, peak {live}, last 5min {live} \n"
        "1000 session(s) max\nmin idle cpu 0.00/96.17\nCurrent Stack Size/Max 240K/8192K\n"
    )


def _show(switch: FakeFreeSwitch, argument: str) -> str:
    rows = [_row(channel) for channel in switch.channels.values()] if "channels" in argument else []
    if argument.endswith("as json"):
        told = {"row_count": len(rows), "rows": rows} if rows else None
        return (json.dumps(told, separators=(",", ":")) if told else '{"row_count": 0}') + "\n"
    if not rows:
        return "\n0 total.\n"
    table = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    return f"{table}\n\n{len(rows)} total.\n"


def _row(channel: Channel) -> dict[str, str]:
    facts = channel.facts
    created_s = facts.moments_us["Created"] // 1_000_000
    return {
        "uuid": facts.uuid,
        "direction": facts.direction,
        "created": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(created_s)),
        "created_epoch": str(created_s),
        "name": facts.name,
        "state": facts.state,
        "cid_name": facts.caller_name,
        "cid_num": facts.caller_number,
        "ip_addr": "127.0.0.1",
        "dest": facts.destination,
        "application": facts.variables.get("current_application", ""),
        "application_data": facts.variables.get("current_application_data", ""),
        "dialplan": "XML",
        "context": "default",
        "read_codec": "PCMU",
        "read_rate": "8000",
        "write_codec": "PCMU",
        "write_rate": "8000",
        "secure": "",
        "hostname": "simulator",
        "callstate": facts.call_state,
        "call_uuid": facts.variables.get("call_uuid", ""),
    }


def _exists(switch: FakeFreeSwitch, argument: str) -> str:
    channel = switch.channels.get(argument.strip())
    return "true" if channel is not None and channel.alive else "false"


def _sleep(switch: FakeFreeSwitch, argument: str) -> str:
    gevent.sleep(int(argument) / 1000)
    return "+OK"


def _hupall(switch: FakeFreeSwitch, argument: str) -> str:
    cause = argument.split()[0] if argument else "MANAGER_REQUEST"
    for channel in list(switch.channels.values()):
        channel.hangup(cause)
    return f"+OK hangup all channels with cause {cause}\n"


def _db(switch: FakeFreeSwitch, argument: str) -> str:
    """mod_db: what it keeps outlives a restart."""
    verb, _, rest = argument.partition("/")
    realm, _, rest = rest.partition("/")
    key, _, value = rest.partition("/")
    match verb:
        case "insert" if value:
            switch.kept[realm, key] = value
            return "+OK"
        case "delete" if key:
            switch.kept.pop((realm, key), None)
            return "+OK"
        case "exists" if key:
            return "true" if (realm, key) in switch.kept else "false"
        case "select" if key:
            return switch.kept.get((realm, key), "")
    return "!err!"


PLAIN: dict[str, Callable[[FakeFreeSwitch, str], str]] = {
    "status": _status,
    "version": lambda switch, argument: VERSION,
    "show": _show,
    "module_exists": lambda switch, argument: "true" if argument in switch.modules else "false",
    "create_uuid": lambda switch, argument: str(uuids.uuid4()),
    "uuid_exists": _exists,
    "uuid_audio_stream": audio_stream,
    "originate": originate.originate,
    "hupall": _hupall,
    "db": _db,
    "msleep": _sleep,
    "global_getvar": lambda switch, argument: {"hostname": "vm"}.get(argument, ""),
    "strftime": lambda switch, argument: time.strftime("%Y-%m-%d %H:%M:%S"),
}


# On a live channel


def _kill(channel: Channel, argument: str) -> str:
    channel.hangup(argument.strip() or "NORMAL_CLEARING")
    return OK


def _break(channel: Channel, argument: str) -> str:
    channel.break_(everything="all" in argument)
    return OK


def _setvar(channel: Channel, argument: str) -> str:
    name, _, value = argument.partition(" ")
    apps.set_variable(channel, name, value)
    return OK


def _transfer(channel: Channel, argument: str) -> str:
    words = [word for word in argument.split() if word not in ("-bleg", "-both")]
    channel.switch.transfer(channel, words[0])
    return OK


def _bridge(channel: Channel, argument: str) -> str:
    other = channel.switch.channels.get(argument.strip())
    if other is None or not other.alive:
        return "-ERR Invalid uuid\n"
    bridging.connect(channel, other)
    return f"+OK {other.uuid}\n"


def _park(channel: Channel, argument: str) -> str:
    def parked() -> None:
        channel.state("CS_PARK")
        apps.park(channel)

    channel.leave_for(parked)
    return OK


def _dump(channel: Channel, argument: str) -> str:
    return "".join(f"{name}: {quoted(value)}\n" for name, value in channel.data()) + "\n"


def _simple(act: Callable[[Channel], None]) -> Callable[[Channel, str], str]:
    def run_it(channel: Channel, argument: str) -> str:
        act(channel)
        return OK

    return run_it


def _broadcast(channel: Channel, argument: str) -> str:
    file = argument.split()[0]
    message = {"call-command": "execute", "execute-app-name": "playback", "execute-app-arg": file}
    gevent.spawn_later(0.100, channel.queue, message)  # lead-frames: 5
    return "+OK Message sent\n"


def _record(channel: Channel, argument: str) -> str:
    verb, _, rest = argument.partition(" ")
    path = rest.split(" ")[0]
    if verb == "start" and path:
        apps.start_recording(channel, path)
        return "+OK Success\n"
    if verb == "stop" and apps.stop_recording(channel, path):
        return "+OK Success\n"
    return (
        "-ERR Cannot stop record session!\n"
        if verb == "stop"
        else f"-USAGE: {USAGES['uuid_record'][1]}\n"
    )


def _send_dtmf(channel: Channel, argument: str) -> str:
    channel.phone.pressed_here += argument.partition("@")[0]
    return f"+OK {channel.uuid} sent DTMF {argument}.\n"


def _recv_dtmf(channel: Channel, argument: str) -> str:
    for digit in argument.partition("@")[0]:
        channel.dtmf(digit, "APP", 2000)
    return f"+OK {channel.uuid} received DTMF {argument}.\n"


ON_CHANNEL: dict[str, Callable[[Channel, str], str]] = {
    "uuid_kill": _kill,
    "uuid_break": _break,
    "uuid_setvar": _setvar,
    "uuid_getvar": lambda channel, argument: channel.variables.get(argument.strip(), "_undef_"),
    "uuid_transfer": _transfer,
    "uuid_bridge": _bridge,
    "uuid_park": _park,
    "uuid_answer": _simple(lambda channel: channel.answer()),
    "uuid_pre_answer": _simple(lambda channel: channel.pre_answer()),
    "uuid_ring_ready": _simple(lambda channel: channel.ring_ready()),
    "uuid_dump": _dump,
    "uuid_broadcast": _broadcast,
    "uuid_record": _record,
    "uuid_send_dtmf": _send_dtmf,
    "uuid_recv_dtmf": _recv_dtmf,
}
