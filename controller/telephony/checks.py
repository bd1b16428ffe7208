"""What may be said to FreeSWITCH, and how a word is quoted for it.

Responsible for the form of every single argument. Pure; knows no command and no socket. What can't be
quoted is refused: a value is never changed in silence.
"""

from __future__ import annotations

import re
import unicodedata

MAX_VALUE_CHARS = 2048
"""A channel variable or an argument that is longer is refused; the longest real ones are URLs."""

_UUID = re.compile(r"[A-Za-z0-9-]{1,64}")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_DIGITS = re.compile(r"[0-9*#A-D]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_ACTIVE_VARIABLE = re.compile(
    r"exec|hook|lua|script|system|(^|_)api(_|$)|^group_confirm|^origination_|^originate_"
    r"|^ignore_early_media$|^leg_|^transfer_|^park_|^bridge_",
    re.IGNORECASE,
)
"""Variables that make FreeSWITCH run something or decide what becomes of the call: they come from our
own code or not at all, never from a contact's columns."""
_EVENT_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,40}")
_SUBCLASS = re.compile(r"[A-Za-z0-9_]+(::[A-Za-z0-9_]+)*")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_PATH = re.compile(r"/[^\s'\"`{}\[\]<>|$\\!;*?]{1,1023}")
_WS_URL = re.compile(r"wss?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/?&=%-]{0,1000})?")


class BadArgument(ValueError):
    """Something that FreeSWITCH must not be told."""


def check_uuid(uuid: str) -> str:
    """A channel's, job's or event's id: 1..64 letters, digits and dashes. Raises BadArgument."""
    return _match(_UUID, uuid, "an id of letters, digits and dashes")


def check_number(number: str) -> str:
    """A telephone number (E.164) or extension: an optional + and 1..32 of 0-9 * #."""
    return _match(_NUMBER, number, "a number such as +4989123456 or 1001")


def check_digits(digits: str) -> str:
    """DTMF: 1..64 of 0-9 * # A-D."""
    return _match(_DIGITS, digits, "DTMF digits 0-9 * # A-D")


def check_name(name: str) -> str:
    """A name in FreeSWITCH's configuration: gateway, user, context, module."""
    return _match(_NAME, name, "a name of letters, digits, dots, dashes and underscores")


def check_host(host: str) -> str:
    """A host name or an IPv4 address."""
    return _match(_HOST, host, "a host name or an IPv4 address")


def check_port(port: int) -> int:
    """A TCP port, 1..65535."""
    return check_range(port, 1, 65535, "a port")


def check_range(number: int, low: int, high: int, what: str) -> int:
    """A whole number from `low` to `high`."""
    if type(number) is not int or not low <= number <= high:
        raise BadArgument(f"{number!r} is not {what} from {low} to {high}")
    return number


def check_variable_name(name: str) -> str:
    """A channel variable's name: letters, digits, underscores, dashes."""
    return _match(_VARIABLE, name, "a variable name")


def check_free_variable(name: str) -> str:
    """A variable name that may come from outside: one that makes FreeSWITCH do nothing."""
    if _ACTIVE_VARIABLE.search(check_variable_name(name)):
        raise BadArgument(f"variable {name!r} steers FreeSWITCH; give a contact's column another name")
    return name


def check_value(value: str) -> str:
    """Free text of one line: no control characters, nothing that isn't Unicode, at most
    `MAX_VALUE_CHARS`."""
    if len(value) > MAX_VALUE_CHARS:
        raise BadArgument(f"a value of {len(value)} characters; at most {MAX_VALUE_CHARS} are allowed")
    for char in value:
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            raise BadArgument(f"{_shown(value)} holds a control character (U+{ord(char):04X})")
    return value


def check_braced_value(value: str) -> str:
    """Text for the {…} of a dial string: what no quoting protects there is refused, that is braces,
    and ``:_:``, which splits a dial string wherever it stands."""
    if "{" in check_value(value) or "}" in value or ":_:" in value:
        raise BadArgument(f"{_shown(value)} holds a brace or ':_:', which no dial string can carry")
    return value


def check_path(path: str) -> str:
    """An absolute path of a file: no blanks, quotes, braces, wildcards, ``..`` or control characters."""
    if ".." in path.split("/"):
        raise BadArgument(f"{_shown(path)} leads upwards")
    check_value(path)
    return _match(_PATH, path, "an absolute path without blanks, quotes or braces")


def check_ws_url(url: str) -> str:
    """A ws:// or wss:// address that mod_audio_stream accepts."""
    return _match(_WS_URL, url, "a WebSocket address such as ws://127.0.0.1:8080/path")


def check_event_name(name: str) -> str:
    """An event such as CHANNEL_ANSWER. CUSTOM isn't one: it is asked for by its subclasses."""
    if name in ("ALL", "CUSTOM"):
        raise BadArgument(f"events are asked for by their exact names, not by {name}")
    return _match(_EVENT_NAME, name, "an event name such as CHANNEL_ANSWER")


def check_subclass(subclass: str) -> str:
    """The subclass of a CUSTOM event, such as ``mod_audio_stream::connect``."""
    return _match(_SUBCLASS, subclass, "a subclass such as mod_audio_stream::connect")


def check_header_name(name: str) -> str:
    """A header of an event of ours."""
    return _match(_HEADER, name, "a header name")


def quoted(value: str, delimiter: str = "") -> str:
    """One word for a FreeSWITCH command line, or, with `delimiter`, one field of a list.

    FreeSWITCH's splitter (switch_separate_string) reads ``\\\\``, ``\\'``, an escaped delimiter and
    ``\\s`` for a blank; quotes group and blanks at the ends are dropped, so none is left bare.
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace(" ", "\\s")
    return escaped.replace(delimiter, "\\" + delimiter) if delimiter else escaped


def _match(pattern: re.Pattern[str], text: str, expected: str) -> str:
    if not pattern.fullmatch(text):
        raise BadArgument(f"{_shown(text)} is not {expected}")
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
