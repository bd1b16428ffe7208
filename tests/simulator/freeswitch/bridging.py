"""Two channels that hear each other.

Responsible for: the `bridge` application and `uuid_bridge`, with their events. Each function runs in
the greenlet of the channel that is named first. It must never know how phones are reached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel


def bridge(channel: Channel, argument: str) -> None:
    """Call the other phone; when it answers the two talk until one hangs up."""
    other, cause = channel.switch.dial_for(channel, argument)
    if other is None:
        channel.variables["originate_disposition"] = cause
        if channel.alive and channel.variables.get("continue_on_fail", "false") == "false":
            channel.hangup(cause)
        return
    channel.variables["originate_disposition"] = "SUCCESS"
    channel.answer()
    other.fire("CHANNEL_OUTGOING")
    other.switch.spawn(other.run, lambda: join(other, channel))
    lead(channel, other)
    if channel.variables.get("hangup_after_bridge", "false") == "true":
        channel.hangup("NORMAL_CLEARING")


def connect(first: Channel, second: Channel) -> None:
    """`uuid_bridge`: both leave what they do."""
    first.facts.other, second.facts.other = second.facts, first.facts
    second.leave_for(lambda: _after_reset(second, first, join))
    first.leave_for(lambda: _after_reset(first, second, lead))


def _after_reset(channel: Channel, other: Channel, then: Callable[[Channel, Channel], None]) -> None:
    for state in ("CS_HIBERNATE", "CS_RESET", "CS_SOFT_EXECUTE"):
        channel.state(state)
    told = [("Application", "uuid_bridge"), ("Application-Data", other.uuid)]
    channel.fire("CHANNEL_EXECUTE", told)  # the only one that is never complete
    then(channel, other)


def lead(channel: Channel, other: Channel) -> None:
    """The leg that reports the bridge; at the end the other one is hung up."""
    channel.facts.other, other.facts.other = other.facts, channel.facts
    legs = [("Bridge-A-Unique-ID", channel.uuid), ("Bridge-B-Unique-ID", other.uuid)]
    channel.variables |= {"bridge_uuid": other.uuid, "signal_bond": other.uuid}
    other.variables |= {"bridge_uuid": channel.uuid, "signal_bond": channel.uuid}
    channel.facts.mark("Bridged")
    channel.fire("CHANNEL_BRIDGE", first=legs)
    _exchange(channel, other)
    if not channel.staying:
        other.hangup("NORMAL_CLEARING")
    channel.fire("CHANNEL_UNBRIDGE", first=legs)


def join(channel: Channel, other: Channel) -> None:
    """The leg that is bridged to."""
    channel.state("CS_EXCHANGE_MEDIA")
    _exchange(channel, other)
    if channel.detour is not None:
        channel.facts.other = None  # the other leg notices


def _exchange(channel: Channel, other: Channel) -> None:
    while channel.staying and other.alive and other.facts.other is channel.facts:
        for frame in channel.tick():
            other.line.write(frame)
        channel.run_messages()
