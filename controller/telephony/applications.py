"""The applications that we run on calls, and what each may be told.

Responsible for the form of their arguments. FreeSWITCH expands ``${…}`` in these, function calls
included, and some applications run programs, so each argument must have the form that its application
wants, and holds no ``$``. Pure; knows no command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from controller.telephony.checks import (
    BadArgument,
    check_digits,
    check_name,
    check_number,
    check_path,
    check_value,
    check_variable_name,
)
from controller.telephony.dial import GatewayEndpoint, UserEndpoint


class App(StrEnum):
    """The applications we run. One that FreeSWITCH doesn't know would hang the call up."""

    ANSWER = "answer"
    PRE_ANSWER = "pre_answer"
    RING_READY = "ring_ready"
    PLAYBACK = "playback"
    RECORD_SESSION = "record_session"
    STOP_RECORD_SESSION = "stop_record_session"
    SET = "set"
    SEND_DTMF = "send_dtmf"
    START_DTMF = "start_dtmf"
    SLEEP = "sleep"
    PARK = "park"
    TRANSFER = "transfer"
    BRIDGE = "bridge"
    HANGUP = "hangup"


class HangupCause(StrEnum):
    """Causes that we give. Before the answer they become a SIP status (USER_BUSY is 486)."""

    NORMAL_CLEARING = "NORMAL_CLEARING"
    USER_BUSY = "USER_BUSY"
    NO_USER_RESPONSE = "NO_USER_RESPONSE"
    NO_ANSWER = "NO_ANSWER"
    CALL_REJECTED = "CALL_REJECTED"
    UNALLOCATED_NUMBER = "UNALLOCATED_NUMBER"
    NORMAL_TEMPORARY_FAILURE = "NORMAL_TEMPORARY_FAILURE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    ORIGINATOR_CANCEL = "ORIGINATOR_CANCEL"
    ALLOTTED_TIMEOUT = "ALLOTTED_TIMEOUT"
    RECOVERY_ON_TIMER_EXPIRE = "RECOVERY_ON_TIMER_EXPIRE"


def checked_argument(app: App, argument: str) -> str:
    """The argument, if `app` may be told it. Raises BadArgument."""
    try:
        return _ARGUMENTS[app](argument)
    except BadArgument as exc:
        raise BadArgument(f"{app}: {exc}") from exc


def _nothing(argument: str) -> str:
    if argument:
        raise BadArgument("takes no argument")
    return ""


_STREAM = re.compile(
    r"(silence_stream://-?[0-9,]{1,20})|(tone_stream://[%A-Za-z0-9(),.;=*-]{1,200})"
    r"|(local_stream://[A-Za-z0-9_/-]{1,64})"
)


def _sound(argument: str) -> str:
    """A file, or a stream that only makes sound: others (shell_stream) run programs."""
    return argument if _STREAM.fullmatch(argument) else check_path(argument)


def _assignment(argument: str) -> str:
    name, equals, value = argument.partition("=")
    check_variable_name(name)
    if not equals or "$" in check_value(value) or "\\" in value:
        raise BadArgument("expected name=value, without $ or backslash in the value")
    return argument


def _milliseconds(argument: str) -> str:
    if not re.fullmatch(r"[0-9]{1,7}", argument):
        raise BadArgument("expected a time in milliseconds")
    return argument


def _destination(argument: str) -> str:
    number, *rest = argument.split(" ")
    check_number(number)
    if rest and (len(rest) != 2 or rest[0] != "XML" or not check_name(rest[1])):
        raise BadArgument("expected '<number>' or '<number> XML <context>'")
    return argument


_ENDPOINT = re.compile(r"sofia/gateway/([^/@]+)/([^/@]+)|user/([^/@]+)(?:@([^/@]+))?")


def _endpoint(argument: str) -> str:
    found = _ENDPOINT.fullmatch(argument)
    if not found:
        raise BadArgument("expected sofia/gateway/<gateway>/<number> or user/<user>@<domain>")
    gateway, number, user, domain = found.groups()
    return str(GatewayEndpoint(gateway, number) if gateway else UserEndpoint(user, domain or ""))


def _cause(argument: str) -> str:
    if argument and argument not in set(HangupCause):
        raise BadArgument(f"{argument!r} is not a hang-up cause")
    return argument


_ARGUMENTS: Mapping[App, Callable[[str], str]] = {
    App.ANSWER: _nothing,
    App.PRE_ANSWER: _nothing,
    App.RING_READY: _nothing,
    App.PLAYBACK: _sound,
    App.RECORD_SESSION: check_path,
    App.STOP_RECORD_SESSION: check_path,
    App.SET: _assignment,
    App.SEND_DTMF: check_digits,
    App.START_DTMF: _nothing,
    App.SLEEP: _milliseconds,
    App.PARK: _nothing,
    App.TRANSFER: _destination,
    App.BRIDGE: _endpoint,
    App.HANGUP: _cause,
}
