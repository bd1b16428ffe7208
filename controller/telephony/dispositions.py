"""How a call that we make ended, in the words that operators use.

Responsible for reading FreeSWITCH's hang-up causes. The causes of a failed originate are those that a
real FreeSWITCH gave for each SIP answer; whatever else comes is `failed`, with its cause kept.
"""

from __future__ import annotations

from enum import StrEnum


class Disposition(StrEnum):
    """The outcome of one outbound call."""

    COMPLETED = "completed"  # answered, and there was a conversation
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID = "invalid"  # there is no such number
    FAILED = "failed"  # see the cause
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"  # by us, before it was answered


_BY_CAUSE = {
    "USER_BUSY": Disposition.BUSY,  # 486
    "NO_ANSWER": Disposition.NO_ANSWER,  # rang out
    "NO_USER_RESPONSE": Disposition.NO_ANSWER,  # 480, 408
    "ALLOTTED_TIMEOUT": Disposition.NO_ANSWER,
    "RECOVERY_ON_TIMER_EXPIRE": Disposition.NO_ANSWER,
    "USER_NOT_REGISTERED": Disposition.NO_ANSWER,  # known, but no phone is there now
    "CALL_REJECTED": Disposition.REJECTED,  # 603, 403
    "UNALLOCATED_NUMBER": Disposition.INVALID,  # 404
    "SUBSCRIBER_ABSENT": Disposition.INVALID,  # no such user
    "NO_ROUTE_DESTINATION": Disposition.INVALID,
    "INVALID_NUMBER_FORMAT": Disposition.INVALID,  # 484
    "NUMBER_CHANGED": Disposition.INVALID,  # 410
    "ORIGINATOR_CANCEL": Disposition.CANCELLED,
}


def disposition_of(cause: str) -> Disposition:
    """The disposition of a call that was never answered, by FreeSWITCH's hang-up cause."""
    return _BY_CAUSE.get(cause, Disposition.FAILED)


def cause_of_refusal(reply: str) -> str:
    """The cause in an originate's body: `-ERR USER_BUSY\\n` → `USER_BUSY`. Never empty."""
    words = reply.removeprefix("-ERR").split()
    cause = words[0] if words else ""
    return cause if cause.replace("_", "").isalnum() else "UNKNOWN"
