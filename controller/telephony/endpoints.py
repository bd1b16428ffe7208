"""Where a number is dialled: a registered user, or a gateway to the world.

Responsible for that choice alone; whether the number may be called is the guard's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from controller.telephony.dial import GatewayEndpoint, UserEndpoint
from controller.telephony.guard import DestinationRefused


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`users`: regular expression of the numbers that are registered users, in the SIP domain `domain`.
    `ring_s`: seconds."""

    users: str
    domain: str
    gateway: str
    caller_id: str
    caller_name: str
    ring_s: int

    def of(self, number: str, gateway: str = "") -> GatewayEndpoint | UserEndpoint:
        """The endpoint of a number; over `gateway` if one is given. Raises DestinationRefused."""
        if not gateway and re.fullmatch(self.users, number):
            return UserEndpoint(number, self.domain)
        if not (gateway or self.gateway):
            raise DestinationRefused(
                f"{number} is no registered user, and no gateway is set (freeswitch.outbound.gateway)"
            )
        return GatewayEndpoint(gateway or self.gateway, number)
