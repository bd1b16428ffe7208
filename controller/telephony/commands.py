"""Everything that is said to FreeSWITCH: validated, quoted, built. Nowhere else is a command pasted.

Responsible for the text of commands; all of its values pass the checks. Pure; knows no socket.
Verbs match by prefix in FreeSWITCH (``exitx`` is ``exit``), so only whole, known verbs are built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.telephony.applications import App as App
from controller.telephony.applications import HangupCause as HangupCause
from controller.telephony.applications import checked_argument

# what callers check ahead of a command is offered here too
from controller.telephony.checks import BadArgument as BadArgument
from controller.telephony.checks import (
    check_digits,
    check_event_name,
    check_header_name,
    check_name,
    check_range,
    check_subclass,
    quoted,
)
from controller.telephony.checks import check_number as check_number
from controller.telephony.checks import check_path as check_path
from controller.telephony.checks import check_uuid as check_uuid
from controller.telephony.checks import check_value as check_value
from controller.telephony.checks import check_variable_name as check_variable_name
from controller.telephony.dial import Dial as Dial
from controller.telephony.dial import GatewayEndpoint as GatewayEndpoint
from controller.telephony.dial import ParkApp as ParkApp
from controller.telephony.dial import SocketApp as SocketApp
from controller.telephony.dial import UserEndpoint as UserEndpoint
from controller.telephony.dial import audio_words, dial_words

DIALLED = "switchtalk_dialled"
"""mod_db's realm of calls that were dialled."""
MAX_METADATA_BYTES = 8192
"""mod_audio_stream cuts longer metadata without a word."""
MAX_TEXT_BYTES = 4 << 20
"""Of a text for the media socket or of an event's body; FreeSWITCH takes 10 MiB at once."""


@dataclass(frozen=True, slots=True)
class Command:
    """A whole command: its lines without the blank one that ends them, and what follows that."""

    text: str
    body: bytes = b""

    def wire(self) -> bytes:
        """The bytes to send."""
        return self.text.encode() + b"\n\n" + self.body


@dataclass(frozen=True, slots=True)
class Api:
    """An API call: what follows ``api`` or ``bgapi``."""

    text: str


# --- commands -------------------------------------------------------------------------------


def auth(password: str) -> Command:
    """Log in. Refuses a password that is empty or holds control characters."""
    if not password:
        raise BadArgument("the event socket's password is empty")
    return Command(f"auth {check_value(password)}")


def connect() -> Command:
    """Take over the call of an outbound socket; answered with its channel data."""
    return Command("connect")


def myevents() -> Command:
    """On an outbound socket: this call's events, and of whatever is subscribed later only its own."""
    return Command("myevents")


def linger(seconds: int) -> Command:
    """Keep the socket `seconds` (1..60) after the hang-up, so that the last events arrive."""
    return Command(f"linger {check_range(seconds, 1, 60, 'a time in seconds')}")


def subscribe(events: Sequence[str], subclasses: Sequence[str] = ()) -> Command:
    """Ask for events by exact names. ``CUSTOM`` stands once, before its subclasses: alone it would
    deliver nothing, and every word after it counts as a subclass."""
    words = [check_event_name(name) for name in events]
    if subclasses:
        words += ["CUSTOM", *(check_subclass(name) for name in subclasses)]
    if not words:
        raise BadArgument("a subscription to nothing")
    return Command("event plain " + " ".join(words))


def exit_() -> Command:
    """Leave; on an outbound socket the call goes on in the dialplan."""
    return Command("exit")


def api(call: Api) -> Command:
    """Run an API call; it blocks this connection until it returns."""
    return Command(f"api {call.text}")


def bgapi(call: Api) -> Command:
    """Run an API call in the background; its result is a BACKGROUND_JOB event."""
    return Command(f"bgapi {call.text}")


def execute(
    app: App, argument: str = "", *, uuid: str = "", event_uuid: str = "", lock: bool = True
) -> Command:
    """Run an application on a call: this outbound socket's, or that of `uuid`.

    `event_uuid` comes back as Application-UUID in CHANNEL_EXECUTE and CHANNEL_EXECUTE_COMPLETE.
    `lock` queues it behind earlier locked ones: without it several playbacks nest, last one first.
    Raises BadArgument for an argument that `app` may not be told.
    """
    checked = checked_argument(App(app), argument)
    lines = [_sendmsg(uuid), "call-command: execute", f"execute-app-name: {App(app)}"]
    if checked:
        lines.append(f"execute-app-arg: {checked}")
    if lock:
        lines.append("event-lock: true")
    if event_uuid:
        lines.append(f"Event-UUID: {check_uuid(event_uuid)}")
    return Command("\n".join(lines))


def hangup(cause: HangupCause, uuid: str = "") -> Command:
    """Hang up at once, whatever is queued: this outbound socket's call, or that of `uuid`."""
    return Command(f"{_sendmsg(uuid)}\ncall-command: hangup\nhangup-cause: {HangupCause(cause)}")


def send_event(subclass: str, headers: Mapping[str, str], body: str = "") -> Command:
    """Put ``CUSTOM <subclass>`` on FreeSWITCH's bus. Headers that FreeSWITCH sets itself are refused;
    a body may hold anything but NUL."""
    lines = ["sendevent CUSTOM", f"Event-Subclass: {check_subclass(subclass)}"]
    lines.append("Event-Name: CUSTOM")  # FreeSWITCH forgets it when there is a Unique-ID header
    for name, value in headers.items():
        if check_header_name(name).lower() in ("event-subclass", "event-name", "content-length"):
            raise BadArgument(f"header {name} is not for the sender")
        lines.append(f"{name}: {check_value(value)}")
    if not body:
        return Command("\n".join(lines))
    raw = _text_bytes(body)
    lines.append(f"Content-Length: {len(raw)}")  # last: FreeSWITCH reads the body when it meets this
    return Command("\n".join(lines), raw)


def _sendmsg(uuid: str) -> str:
    return f"sendmsg {check_uuid(uuid)}" if uuid else "sendmsg"


# --- API calls ------------------------------------------------------------------------------


def originate(dial: Dial) -> Api:
    """Place a call: ``+OK <uuid>`` or ``-ERR <cause>`` after up to `dial.ring_s`, so for `bgapi`."""
    return Api("originate " + dial_words(dial))


def note_dial(uuid: str) -> Api:
    """Have mod_db remember that this channel's originate was sent."""
    return Api(f"db insert/{DIALLED}/{check_uuid(uuid)}/1")


def dial_noted(uuid: str) -> Api:
    """Whether it does: ``true`` or ``false``."""
    return Api(f"db exists/{DIALLED}/{check_uuid(uuid)}")


def forget_dial(uuid: str) -> Api:
    """Have mod_db forget it."""
    return Api(f"db delete/{DIALLED}/{check_uuid(uuid)}")


def uuid_break(uuid: str) -> Api:
    """Stop what is played and drop what is queued; dropped items produce no event."""
    return Api(f"uuid_break {check_uuid(uuid)} all")


def uuid_kill(uuid: str, cause: HangupCause = HangupCause.NORMAL_CLEARING) -> Api:
    """Hang up."""
    return Api(f"uuid_kill {check_uuid(uuid)} {HangupCause(cause)}")


def uuid_exists(uuid: str) -> Api:
    """``true`` or ``false``."""
    return Api(f"uuid_exists {check_uuid(uuid)}")


def uuid_setvar(uuid: str, name: str, value: str) -> Api:
    """Set a channel variable; "" unsets it."""
    words = f"uuid_setvar {check_uuid(uuid)} {check_variable_name(name)}"
    return Api(f"{words} {quoted(check_value(value))}" if value else words)


def uuid_getvar(uuid: str, name: str) -> Api:
    """The value of a channel variable; ``_undef_`` when it isn't set."""
    return Api(f"uuid_getvar {check_uuid(uuid)} {check_variable_name(name)}")


def uuid_bridge(a: str, b: str) -> Api:
    """Connect two calls, answered ones or one of them."""
    return Api(f"uuid_bridge {check_uuid(a)} {check_uuid(b)}")


def uuid_transfer(uuid: str, extension: str, context: str = "default") -> Api:
    """Send a call to an extension of the XML dialplan."""
    return Api(f"uuid_transfer {check_uuid(uuid)} {check_number(extension)} XML {check_name(context)}")


def uuid_send_dtmf(uuid: str, digits: str) -> Api:
    """Press keys towards the far end."""
    return Api(f"uuid_send_dtmf {check_uuid(uuid)} {check_digits(digits)}")


def uuid_record_start(uuid: str, path: str) -> Api:
    """Record both sides into a file."""
    return Api(f"uuid_record {check_uuid(uuid)} start {check_path(path)}")


def uuid_record_stop(uuid: str, path: str) -> Api:
    """End that recording."""
    return Api(f"uuid_record {check_uuid(uuid)} stop {check_path(path)}")


def uuid_audio_start(uuid: str, url: str, metadata: Mapping[str, str] | None = None) -> Api:
    """Fork the caller's audio (mono, 16 kHz) to a WebSocket, `metadata` first as one JSON text.

    ``+OK`` comes before the socket connects: only the ``mod_audio_stream::connect`` event says so.
    Raises BadArgument when the JSON exceeds `MAX_METADATA_BYTES`.
    """
    words = audio_words(uuid, url)
    if not metadata:
        return Api(words)
    text = json.dumps(dict(metadata), separators=(",", ":"))  # ASCII: controls are \u escapes
    if len(text) > MAX_METADATA_BYTES:
        raise BadArgument(f"{len(text)} bytes of metadata; at most {MAX_METADATA_BYTES} arrive")
    return Api(f"{words} {quoted(text)}")


def uuid_audio_stop(uuid: str) -> Api:
    """End the fork. May block for seconds when the WebSocket's server misbehaves: use `bgapi`."""
    return Api(f"uuid_audio_stream {check_uuid(uuid)} stop")


def uuid_audio_send(uuid: str, text: str) -> Api:
    """Send one text to the fork's WebSocket."""
    _text_bytes(text)
    if not text or any(ord(char) < 32 for char in text):
        raise BadArgument("a text for the media socket must not be empty or hold control characters")
    return Api(f"uuid_audio_stream {check_uuid(uuid)} send_text {quoted(text)}")


def show_channels() -> Api:
    """All live channels, as JSON."""
    return Api("show channels as json")


def status() -> Api:
    """FreeSWITCH's own words on how it is."""
    return Api("status")


def module_exists(name: str) -> Api:
    """``true`` or ``false``."""
    return Api(f"module_exists {check_name(name)}")


def create_uuid() -> Api:
    """A new id by FreeSWITCH."""
    return Api("create_uuid")


def _text_bytes(text: str) -> bytes:
    try:
        raw = text.encode()
    except UnicodeEncodeError as exc:
        raise BadArgument(f"a text that isn't Unicode: {exc.reason}") from exc
    if len(raw) > MAX_TEXT_BYTES or b"\0" in raw:
        raise BadArgument(f"a text with NUL or of more than {MAX_TEXT_BYTES} bytes")
    return raw
