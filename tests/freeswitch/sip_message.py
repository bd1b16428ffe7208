"""SIP messages as text: what a phone says and is told (RFC 3261), digests (RFC 2617), SDP (RFC 4566).

Responsible for words only. It must never know sockets, calls or clocks.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from urllib.request import parse_http_list, parse_keqv_list

SHORT_NAMES = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type",
               "l": "content-length"}  # fmt: skip
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 404: "Not Found",
           480: "Temporarily Unavailable", 481: "No Such Call", 486: "Busy Here",
           487: "Request Terminated", 500: "Server Error", 503: "Service Unavailable",
           603: "Decline"}  # fmt: skip
PCMU, TELEPHONE_EVENT = 0, 101


class BadMessage(ValueError):
    """A datagram that is no SIP message."""


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request or a response; header names in lower case, in the order of the wire."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def code(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Of the request, or of the one that was answered."""
        return self.get("cseq").split()[1] if self.code else self.start.split()[0]

    @property
    def branch(self) -> str:
        """What a response and its request have in common."""
        return _parameter(self.get("via"), "branch")

    def get(self, name: str) -> str:
        """The first header of this name; "" without one."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every header of this name."""
        return [value for key, value in self.headers if key == name]

    def tag(self, name: str) -> str:
        """The tag of `from` or `to`; "" without one."""
        return _parameter(self.get(name), "tag")

    def to_bytes(self) -> bytes:
        """For the wire, with its Content-Length."""
        body = self.body.encode()
        lines = [self.start, *(f"{name.title()}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def parse(datagram: bytes) -> SipMessage:
    """Raises BadMessage."""
    head, blank, body = datagram.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    if not blank or not re.fullmatch(r"SIP/2\.0 \d{3}( .*)?|[A-Z]+ \S+ SIP/2\.0", start):
        raise BadMessage(f"no SIP message: {datagram[:60]!r}")
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.append((SHORT_NAMES.get(name, name), value.strip()))
    message = SipMessage(start, tuple(headers), body)
    if not re.fullmatch(r"\d+ +[A-Z]+", message.get("cseq")) or not message.get("call-id"):
        raise BadMessage(f"without CSeq or Call-ID: {start}")
    return message


def request(method: str, uri: str, headers: Mapping[str, str], sdp: str = "") -> SipMessage:
    """A new request, its branch made here into `headers["via"]`."""
    via = f"{headers['via']};branch=z9hG4bK{secrets.token_hex(8)};rport"
    kept = {**headers, "via": via, "max-forwards": "70"}
    return SipMessage(f"{method} {uri} SIP/2.0", tuple((_type_of(sdp) | kept).items()), sdp)


def response(to: SipMessage, code: int, tag: str, extra: Mapping[str, str], sdp: str = "") -> SipMessage:
    """The answer to a request."""
    known = [("via", via) for via in to.all("via")] + [
        (name, to.get(name)) for name in ("from", "call-id", "cseq")
    ]
    called = to.get("to") if to.tag("to") or code == 100 else f"{to.get('to')};tag={tag}"
    start = f"SIP/2.0 {code} {REASONS.get(code, 'Other')}"
    return SipMessage(start, (*known, ("to", called), *extra.items(), *_type_of(sdp).items()), sdp)


def authorization(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The answer to a Digest challenge, `qop=auth` if it is offered. Raises BadMessage."""
    scheme, _, rest = challenge.partition(" ")
    given = parse_keqv_list(parse_http_list(rest))
    if scheme.lower() != "digest" or "nonce" not in given or given.get("algorithm", "MD5") != "MD5":
        raise BadMessage(f"a challenge that this phone can't answer: {challenge}")
    realm, nonce = given.get("realm", ""), given["nonce"]
    owner, wanted = _md5(user, realm, password), _md5(method, uri)
    said = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    bare = {"algorithm": "MD5"}
    if "auth" in given.get("qop", "").split(","):
        cnonce = secrets.token_hex(8)
        said |= {"cnonce": cnonce, "response": _md5(owner, nonce, "00000001", cnonce, "auth", wanted)}
        bare |= {"qop": "auth", "nc": "00000001"}
    else:
        said["response"] = _md5(owner, nonce, wanted)
    if "opaque" in given:
        said["opaque"] = given["opaque"]
    quoted = [f'{name}="{value}"' for name, value in said.items()]
    return "Digest " + ", ".join([*quoted, *(f"{name}={value}" for name, value in bare.items())])


@dataclass(frozen=True, slots=True)
class Media:
    """Where the other side hears, and its payload type for digits (None: it takes none)."""

    host: str
    port: int
    events: int | None


def offer(host: str, port: int, version: int, to: Media | None = None) -> str:
    """SDP of a G.711 µ-law phone with RFC 2833 digits, 20 ms; as an answer `to` what was offered."""
    events = TELEPHONE_EVENT if to is None or to.events is None else to.events
    lines = (
        "v=0", f"o=- 1 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP {PCMU} {events}", f"a=rtpmap:{PCMU} PCMU/8000",
        f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15",
        "a=ptime:20", "a=sendrecv", "",
    )  # fmt: skip
    return "\r\n".join(lines)


def media_of(sdp: str) -> Media | None:
    """None when there is no PCMU audio in it."""
    host = re.search(r"^c=IN IP4 ([\d.]+)", sdp, re.M)
    audio = re.search(r"^m=audio (\d+) RTP/AVP ([\d ]+)", sdp, re.M)
    if not host or not audio or str(PCMU) not in audio[2].split():
        return None
    events = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", sdp, re.M)
    return Media(host[1], int(audio[1]), int(events[1]) if events else None)


def address_in(header: str) -> str:
    """The URI of a From, To or Contact."""
    found = re.search(r"<([^>]+)>", header)
    return found[1] if found else header.partition(";")[0].strip()


def reason_of(headers: Sequence[str]) -> str:
    """The hang-up cause in Reason headers (`Q.850;cause=17;text="USER_BUSY"`); "" without one."""
    texts = (re.search(r'text="([^"]*)"', header) for header in headers)
    return next((found[1] for found in texts if found), "")


def _type_of(sdp: str) -> dict[str, str]:
    return {"content-type": "application/sdp"} if sdp else {}


def _parameter(header: str, name: str) -> str:
    outside = header.rpartition(">")[2]
    found = re.search(rf";\s*{name}=([^;,\s]+)", outside)
    return found[1] if found else ""


def _md5(*parts: str) -> str:
    return md5(":".join(parts).encode()).hexdigest()  # what SIP digests are made of
