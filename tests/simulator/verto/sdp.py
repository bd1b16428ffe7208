"""Session descriptions as mod_verto sends them: right in form, with nobody at their address.

Recorded from a real FreeSWITCH; two things of theirs matter to a browser: there is no `a=mid` and no
bundle, and an offer lets the browser choose its part in DTLS (`actpass`).
"""

from __future__ import annotations

from itertools import count

NOBODYS_PORT = 9
_FINGERPRINT = ":".join(["04", "BA", "73", "39", "DE", "B7", "71", "DF"] * 4)
_numbers = count(1_795_312_892)


def answer() -> str:
    """To a browser's offer."""
    return _description("UDP/TLS/RTP/SAVPF 111", 111, "active")


def offer() -> str:
    """For a call to a browser, and for one that it shall take up again."""
    return _description(
        "RTP/SAVPF 102 0 8", 102, "actpass", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000"
    )


def _description(media: str, opus: int, setup: str, *more: str) -> str:
    number = next(_numbers)
    lines = (
        "v=0",
        f"o=FreeSWITCH {number} {number + 1} IN IP4 127.0.0.1",
        "s=FreeSWITCH",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        "a=msid-semantic: WMS d99gAE9ARNk6ELkyHaUdsMgMDRx1I3em",
        f"m=audio {NOBODYS_PORT} {media}",
        f"a=rtpmap:{opus} opus/48000/2",
        f"a=fmtp:{opus} useinbandfec=1; minptime=10; maxptime=40",
        *more,
        "a=silenceSupp:off - - - -",
        "a=ptime:20",
        "a=sendrecv",
        f"a=fingerprint:sha-256 {_FINGERPRINT}",
        f"a=setup:{setup}",
        "a=rtcp-mux",
        f"a=rtcp:{NOBODYS_PORT} IN IP4 127.0.0.1",
        "a=ice-ufrag:MoAJ8K80ouZvLA31",
        "a=ice-pwd:gui68xo9WHQx8YkOHqynGhFg",
        f"a=candidate:7864906360 1 udp 2130706431 127.0.0.1 {NOBODYS_PORT} typ host generation 0",
        "a=end-of-candidates",
        "a=ssrc:1460170280 cname:proWFGps1215z1Kl",
        "a=ssrc:1460170280 msid:d99gAE9ARNk6ELkyHaUdsMgMDRx1I3em a0",
    )
    return "".join(f"{line}\r\n" for line in lines)
