"""A simulated FreeSWITCH for tests; transcripts of a real one hold it to the truth."""

from tests.simulator.freeswitch.phones import (
    Answers,
    Behaviour,
    Busy,
    EarlyMediaThenAnswers,
    EarlyMediaThenBusy,
    Fails,
    NoAnswer,
    NotRegistered,
    Rejects,
    SimPhone,
)
from tests.simulator.freeswitch.simulator import FakeFreeSwitch

__all__ = [
    "Answers",
    "Behaviour",
    "Busy",
    "EarlyMediaThenAnswers",
    "EarlyMediaThenBusy",
    "Fails",
    "FakeFreeSwitch",
    "NoAnswer",
    "NotRegistered",
    "Rejects",
    "SimPhone",
]
