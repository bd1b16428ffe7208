"""What FreeSWITCH tells about a channel in each of its events.

Responsible for: names, order and values of the channel's headers, as recorded. It must never change a
channel.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

STATE_NUMBERS = {
    "CS_NEW": 0, "CS_INIT": 2, "CS_ROUTING": 3, "CS_EXECUTE": 4, "CS_EXCHANGE_MEDIA": 5, "CS_PARK": 6,
    "CS_CONSUME_MEDIA": 7, "CS_SOFT_EXECUTE": 6, "CS_HIBERNATE": 8,
    "CS_RESET": 9, "CS_HANGUP": 10, "CS_REPORTING": 11, "CS_DESTROY": 12, "CS_NONE": 13,
}  # fmt: skip
MOMENTS = (
    "Created", "Answered", "Progress", "Progress-Media", "Hangup", "Transfer", "Resurrect", "Bridged",
)  # fmt: skip
CODEC = [
    (f"Channel-{way}-Codec-{what}", value)
    for way in ("Read", "Write")
    for what, value in (("Name", "PCMU"), ("Rate", "8000"), ("Bit-Rate", "64000"))
]

Pairs = list[tuple[str, str]]


def now_us() -> int:
    """Wall clock, microseconds."""
    return int(time.time() * 1e6)


@dataclass(slots=True)
class Facts:
    """What is known of a channel; its greenlet changes it."""

    uuid: str
    name: str
    direction: str
    """inbound or outbound, seen from FreeSWITCH."""
    destination: str
    caller_number: str
    caller_name: str
    state: str = "CS_NONE"
    call_state: str = "DOWN"
    answer_state: str = "ringing"
    cause: str = ""
    in_dialplan: bool = False
    other: Facts | None = None
    """The leg that it is bridged with, or was made by."""
    moments_us: dict[str, int] = field(default_factory=lambda: {"Created": now_us()})
    variables: dict[str, str] = field(default_factory=dict)

    def mark(self, moment: str) -> None:
        """Remember when this happened, the first time."""
        self.moments_us.setdefault(moment, now_us())


def channel_headers(facts: Facts) -> Pairs:
    """From Channel-State to Caller-Privacy-Hide-Number; the other leg's after that."""
    pairs = [
        ("Channel-State", facts.state),
        ("Channel-Call-State", facts.call_state),
        ("Channel-State-Number", str(STATE_NUMBERS[facts.state])),
        ("Channel-Name", facts.name),
        ("Unique-ID", facts.uuid),
        ("Call-Direction", facts.direction),
        ("Presence-Call-Direction", facts.direction),
        ("Channel-HIT-Dialplan", "true" if facts.in_dialplan else "false"),
        ("Channel-Call-UUID", facts.variables.get("call_uuid", facts.uuid)),
        ("Answer-State", facts.answer_state),
    ]
    if facts.cause:
        pairs.append(("Hangup-Cause", facts.cause))
    if "Answered" in facts.moments_us or "Progress-Media" in facts.moments_us:
        pairs += CODEC
    if facts.state == "CS_NEW" or facts.name == "N/A":  # too early: nothing is known of the caller
        return pairs
    pairs += profile_headers(facts, "Caller-")
    if facts.other is not None:
        kind = "originatee" if facts.direction == "inbound" else "originator"
        pairs += [("Other-Type", kind), *profile_headers(facts.other, "Other-Leg-")]
    return pairs


def profile_headers(facts: Facts, prefix: str) -> Pairs:
    """The caller profile; channel data repeats it with the prefix `Channel-`."""
    inbound = facts.direction == "inbound"
    pairs = [
        ("Direction", facts.direction),
        ("Logical-Direction", facts.direction),
        ("Username", facts.caller_number if inbound else ""),
        ("Dialplan", "XML" if inbound else ""),
        ("Caller-ID-Name", facts.caller_name),
        ("Caller-ID-Number", facts.caller_number),
        ("Orig-Caller-ID-Name", facts.caller_name),
        ("Orig-Caller-ID-Number", facts.caller_number),
        ("Callee-ID-Name", "" if inbound else "Outbound Call"),
        ("Callee-ID-Number", "" if inbound else facts.destination),
        ("Network-Addr", "127.0.0.1"),
        ("ANI", facts.caller_number),
        ("Destination-Number", facts.destination),
        ("Unique-ID", facts.uuid),
        ("Source", "mod_sofia" if inbound else "src/switch_ivr_originate.c"),
        ("Context", "default"),
        ("Channel-Name", facts.name),
        ("Profile-Index", "1"),
        ("Profile-Created-Time", str(facts.moments_us["Created"])),
        *((f"Channel-{moment}-Time", str(facts.moments_us.get(moment, 0))) for moment in MOMENTS),
        ("Channel-Last-Hold", "0"),
        ("Channel-Hold-Accum", "0"),
        ("Screen-Bit", "true"),
        ("Privacy-Hide-Name", "false"),
        ("Privacy-Hide-Number", "false"),
    ]  # fmt: skip
    return [(prefix + name, value) for name, value in pairs if value]


def variable_headers(facts: Facts) -> Pairs:
    """All channel variables."""
    return [(f"variable_{name}", value) for name, value in facts.variables.items()]


def channel_data(facts: Facts, core: Pairs) -> Pairs:
    """The reply to `connect` on an outbound socket, without its last four headers."""
    profile = profile_headers(facts, "Channel-")
    return [*core, *profile, *channel_headers(facts), *variable_headers(facts)]


def first_variables(facts: Facts, session_id: int) -> dict[str, str]:
    """The variables that a new channel has (of some ninety, those that a controller may look at)."""
    inbound = facts.direction == "inbound"
    number = facts.caller_number if inbound else facts.destination
    variables = {
        "direction": facts.direction,
        "uuid": facts.uuid,
        "session_id": str(session_id),
        "channel_name": facts.name,
        "sip_call_id": f"call-{session_id}@simulator",
        "sip_local_network_addr": "127.0.0.1",
        "sip_network_ip": "127.0.0.1",
        "sofia_profile_name": "internal",
    }
    if not inbound:
        return variables | {
            "is_outbound": "true", "call_uuid": facts.uuid, "dialed_user": number,
            "dialed_domain": "127.0.0.1", "originate_early_media": "true", "originate_endpoint": "sofia",
        }  # fmt: skip
    return variables | {
        "sip_from_user": number, "sip_from_uri": f"{number}@127.0.0.1", "sip_from_host": "127.0.0.1",
        "sip_authorized": "true", "user_context": "default", "user_name": number,
        "domain_name": "127.0.0.1", "endpoint_disposition": "RECEIVED",
        "sip_to_user": facts.destination, "sip_req_user": facts.destination, "read_codec": "PCMU",
        "read_rate": "8000", "write_codec": "PCMU", "write_rate": "8000",
    }  # fmt: skip
