"""Which numbers this installation never dials, from its settings."""

from __future__ import annotations

from controller.dialer.screening import Screen
from controller.settings import Settings
from controller.telephony.routing import DEFAULT_NUMBER


def own_numbers(settings: Settings) -> frozenset[str]:
    """The numbers and extensions at which our bots answer."""
    bots = (bot.number for bot in settings.bots.values() if bot.number is not None)
    return frozenset({DEFAULT_NUMBER, *settings.freeswitch.numbers, *(f"70{bot:02}" for bot in bots)})


def number_screen(settings: Settings) -> Screen:
    """What every call and transfer passes, besides the numbers that are allowed."""
    outbound = settings.freeswitch.outbound
    inside = (outbound.users, settings.dialer.extensions)
    internal = "|".join(f"(?:{pattern})" for pattern in inside if pattern)
    return Screen(own_numbers(settings), outbound.kinds, settings.dialer.region, internal)
