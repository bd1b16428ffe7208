"""Whether a campaign's line is broken: too many of the last calls failed for the gateway's reasons.

A number that is busy or wrong says nothing of the line; a gateway that is down fails every call, and a
campaign that dials on would burn an attempt of every contact. Pure.
"""

from __future__ import annotations

from collections import deque

from controller.dialer.model import Disposition

LINE_CAUSES = frozenset(
    {
        "NORMAL_TEMPORARY_FAILURE",  # 500, 503, and a gateway with nobody listening
        "INVALID_GATEWAY",
        "GATEWAY_DOWN",
        "NETWORK_OUT_OF_ORDER",
        "SERVICE_UNAVAILABLE",
        "SERVICE_NOT_IMPLEMENTED",
        "FACILITY_NOT_SUBSCRIBED",
        "OUTGOING_CALL_BARRED",
        "NORMAL_CIRCUIT_CONGESTION",
        "SWITCH_CONGESTION",
        "REQUESTED_CHAN_UNAVAIL",
        "INCOMPATIBLE_DESTINATION",
        "BEARERCAPABILITY_NOTAUTH",
        "RECOVERY_ON_TIMER_EXPIRE",
        "PROGRESS_TIMEOUT",
        "UNKNOWN",
    }
)
"""FreeSWITCH's hang-up causes that speak of the way to the number, not of the number."""


def blames_line(disposition: Disposition, cause: str) -> bool:
    """Whether this end of a call was the line's fault. RECOVERY_ON_TIMER_EXPIRE is a no_answer for the
    contact (408), yet a line that never answers looks just so."""
    return cause in LINE_CAUSES and disposition in (Disposition.FAILED, Disposition.NO_ANSWER)


class Breaker:
    """Trips when more than `share` (0..1) of the last `last` calls failed by the line, once `least`
    were seen."""

    def __init__(self, share: float = 0.5, last: int = 20, least: int = 5) -> None:
        if not 0 < share <= 1 or not 1 <= least <= last:
            raise ValueError("expected 0 < share <= 1 and 1 <= least <= last")
        self._share = share
        self._least = least
        self._recent: deque[str] = deque(maxlen=last)

    def ended(self, disposition: Disposition, cause: str) -> str | None:
        """A call ended; the reason to pause the campaign, in words. Cancelled calls don't count."""
        if disposition in (Disposition.CANCELLED, Disposition.DO_NOT_CALL):
            return None
        self._recent.append(cause if blames_line(disposition, cause) else "")
        bad = [cause for cause in self._recent if cause]
        if len(self._recent) < self._least or len(bad) <= self._share * len(self._recent):
            return None
        worst = max(set(bad), key=bad.count)
        return f"{len(bad)} of the last {len(self._recent)} calls failed by the line, most with {worst}"

    def reset(self) -> None:
        """An operator says that it works again."""
        self._recent.clear()
