"""Calling a phone: from a dial string to an answered channel or a cause.

Responsible for: reading `originate` arguments, the outcomes that a Behaviour can have with their
events in order, and the ring timeout. It must never know of event sockets.
"""

from __future__ import annotations

import re
import time
import uuid as uuids
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gevent
from gevent.event import AsyncResult

from tests.simulator.freeswitch import textsplit
from tests.simulator.freeswitch.channel import Channel
from tests.simulator.freeswitch.headers import Facts, channel_headers
from tests.simulator.freeswitch.phones import SIP_CAUSES, Behaviour, SimPhone

if TYPE_CHECKING:
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch

RING_S = 60
"""Without originate_timeout."""
NETWORK_S = 0.010
"""An INVITE and its answer take this long on the loopback."""
EXPANSION = r"\\?\$\{[^}]*\}"
"""A new channel has no variables yet that could be put in: such a reference vanishes."""
USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] "
    "[<cid_name>] [<cid_num>] [<timeout_sec>]\n"
)


@dataclass(frozen=True, slots=True)
class Dial:
    """A parsed dial string."""

    kind: str
    """user or gateway."""
    gateway: str
    number: str
    domain: str
    variables: dict[str, str]

    @property
    def ring_s(self) -> int:
        """Whole seconds, as FreeSWITCH counts."""
        return int(self.variables.get("originate_timeout", "") or RING_S)


class BadDialString(ValueError):
    """Not an endpoint that the simulator (or FreeSWITCH) knows."""


def parse_dial(text: str) -> Dial:
    """`{a=b}user/1000@host` or `{a=b}sofia/gateway/name/number`. Raises BadDialString."""
    variables, endpoint = textsplit.brackets(text)
    parts = endpoint.split("/")
    if parts[0] == "user" and len(parts) == 2:
        number, _, domain = parts[1].partition("@")
        return Dial("user", "", number, domain, variables)
    if parts[:2] == ["sofia", "gateway"] and len(parts) == 4:
        return Dial("gateway", parts[2], parts[3], "", variables)
    raise BadDialString(endpoint)


def originate(switch: FakeFreeSwitch, argument: str) -> str:
    """The api command; returns its body. Blocks until answered or failed."""
    words = textsplit.split_blank(argument)
    if len(words) < 2:
        return USAGE
    try:
        dial = parse_dial(words[0])
    except BadDialString:
        return "-ERR CHAN_NOT_IMPLEMENTED\n"
    channel, cause = place(switch, dial)
    if channel is None:
        return f"-ERR {cause}\n"
    target = words[1]
    if target.startswith("&"):
        name, _, rest = target[1:].partition("(")
        steps = [(name, rest.partition(")")[0])]
        switch.spawn(channel.run, lambda: channel.follow(steps))
    else:
        switch.spawn(channel.run, lambda: channel.follow(switch.route(target)))
    return f"+OK {channel.uuid}\n"


def place(switch: FakeFreeSwitch, dial: Dial, by: Channel | None = None) -> tuple[Channel | None, str]:
    """Call the phone; (channel, "") when it answered, else (None, cause)."""
    behaviour = switch.behaviour_of(dial)
    facts = _facts(dial, by)
    if behaviour.unreachable == "INVALID_GATEWAY":
        facts.name, facts.state = "N/A", "CS_NONE"
        switch.event_bus.fire("CHANNEL_DESTROY", channel_headers(facts))
    if behaviour.unreachable:
        gevent.sleep(NETWORK_S)
        return None, behaviour.unreachable
    if facts.uuid in switch.channels:
        return None, "DESTINATION_OUT_OF_ORDER"
    channel = Channel(switch, SimPhone(dial.number), facts)
    channel.fire("CHANNEL_OUTGOING")
    channel.state("CS_INIT")
    channel.fire("CHANNEL_CREATE")
    channel.fire("CHANNEL_ORIGINATE")
    channel.state("CS_ROUTING")
    channel.state("CS_CONSUME_MEDIA")
    outcome: AsyncResult[str] = AsyncResult()
    switch.spawn(_ring, switch, channel, behaviour, dial, by, outcome)
    if by is not None:
        by.line.gone.rawlink(lambda _: None if outcome.ready() else channel.hangup("ORIGINATOR_CANCEL"))
    cause = outcome.get()
    return (channel, "") if not cause else (None, cause)


def _facts(dial: Dial, by: Channel | None) -> Facts:
    given = {name: re.sub(EXPANSION, "", value) for name, value in dial.variables.items()}
    given = {name: value for name, value in given.items() if value}
    name = (
        f"sofia/external/{dial.number}"
        if dial.kind == "gateway"
        else f"sofia/internal/{dial.number}@{dial.domain}"
    )
    shown = by.facts if by is not None else None
    return Facts(
        uuid=given.get("origination_uuid") or str(uuids.uuid4()),
        name=name,
        direction="outbound",
        destination=dial.number,
        caller_number=given.get(
            "origination_caller_id_number", shown.caller_number if shown else "0000000000"
        ),
        caller_name=given.get("origination_caller_id_name", shown.caller_name if shown else ""),
        other=shown,
        variables=given,
    )


def _ring(
    switch: FakeFreeSwitch,
    channel: Channel,
    behaviour: Behaviour,
    dial: Dial,
    by: Channel | None,
    outcome: AsyncResult[str],
) -> None:
    """The far side, from INVITE to its last word. `outcome` is "" for success, else a cause."""
    started_s = int(time.time())
    channel.line.gone.wait(NETWORK_S)
    if behaviour.rings:
        channel.ring_ready()
        if by is not None:
            by.ring_ready()
    if behaviour.early_media:
        switch.phone_is_up(channel.phone)
        channel.pre_answer()
        if dial.variables.get("ignore_early_media", "false") == "false":
            outcome.set("")
    left_ms = float("inf") if behaviour.never else behaviour.ring_ms
    while left_ms > 0 and channel.alive:
        if int(time.time()) - started_s >= dial.ring_s:
            channel.hangup("NO_ANSWER")
        channel.line.gone.wait(min(0.020, left_ms / 1000))
        left_ms -= 20
    if channel.alive and not behaviour.refusal:
        channel.answer()
        if not behaviour.early_media:
            switch.phone_is_up(channel.phone)
        outcome.set("")
        return
    channel.hangup(SIP_CAUSES.get(behaviour.refusal, "NORMAL_TEMPORARY_FAILURE"), "recv_refuse")
    if outcome.ready():
        return
    if switch.random.random() < 0.5:  # the order of BACKGROUND_JOB and the last events isn't fixed
        outcome.set(channel.facts.cause)
        gevent.sleep(0.020)
    channel.run(lambda: None)
    if not outcome.ready():
        outcome.set(channel.facts.cause)
