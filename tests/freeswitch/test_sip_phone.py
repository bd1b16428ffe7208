"""The SIP phone itself: face to face with another one, then at a real FreeSWITCH."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import gevent
import numpy as np
import pytest

from tests.freeswitch.sip_behaviour import Answers, Behaviour, Refuses, RingsForever
from tests.freeswitch.sip_media import decode, encode
from tests.freeswitch.sip_message import BadMessage, authorization, media_of, offer, parse
from tests.freeswitch.sip_phone import NotRegistered, SipPhone
from tests.freeswitch.switch import SECRETS, FreeSwitch
from tests.simulator.audio import tone
from tests.simulator.line import Refused
from tests.simulator.phone_caller import PhoneCaller
from tests.simulator.phone_leg import RATE

BEEP = tone(440, 400, rate=RATE)
LIMIT_S = 5
MakePhone = Callable[..., SipPhone]


@pytest.fixture
def phones() -> Iterator[list[SipPhone]]:
    """Made in a test; hung up and gone after it."""
    made: list[SipPhone] = []
    yield made
    for phone in made:
        phone.__exit__()


@pytest.fixture
def pair(phones: list[SipPhone]) -> tuple[SipPhone, SipPhone]:
    """Two phones that know only each other."""
    one = SipPhone(("127.0.0.1", 9), "1001")
    other = SipPhone(("127.0.0.1", one.port), "1002")
    one.server = ("127.0.0.1", other.port)
    phones += [one, other]
    return one, other


def at_freeswitch(
    switch: FreeSwitch, user: str, password: str = SECRETS["DEFAULT_PASSWORD"]
) -> SipPhone:
    return SipPhone(("127.0.0.1", switch.ports["SIP_PORT"]), user, password)


def test_mu_law_is_g711() -> None:
    codes = bytes(range(256))
    assert encode(decode(codes)) == codes.replace(b"\x7f", b"\xff")  # both are zero
    assert np.frombuffer(decode(b"\x00\x80\xff\xf0"), "<i2").tolist() == [-32124, 32124, 0, 120]
    assert encode(np.array([32767, -32768], "<i2").tobytes()) == b"\x80\x00"


def test_a_digest_is_as_in_the_rfc() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    proof = authorization(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in proof
    with pytest.raises(BadMessage):
        authorization("Basic realm=x", "GET", "/", "a", "b")


@pytest.mark.parametrize(
    "datagram", [b"", b"\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_nonsense_is_no_sip_message(datagram: bytes) -> None:
    with pytest.raises(BadMessage):
        parse(datagram)


def test_an_answer_uses_the_numbers_of_the_offer() -> None:
    theirs = media_of(offer("127.0.0.1", 4000, 1).replace("101", "96"))
    assert theirs is not None
    assert (theirs.port, theirs.events) == (4000, 96)
    assert "a=rtpmap:96 telephone-event" in offer("127.0.0.1", 5000, 1, theirs)
    assert media_of("v=0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\n") is None


@pytest.mark.alone
def test_two_phones_talk_press_keys_and_hang_up(pair: tuple[SipPhone, SipPhone]) -> None:
    one, other = pair
    other.behaviour = Answers(after_ms=100)
    heard_by_other = PhoneCaller(other)
    answering = gevent.spawn(heard_by_other.dials)
    with PhoneCaller(one.dial("1002")) as caller:
        said = caller.says(BEEP)
        for key in "1#":
            caller.presses(key)
        caller.waits(600)
        answering.get(timeout=LIMIT_S)
    assert other.ended.wait(LIMIT_S)
    assert (one.codes, other.media.keys_heard) == ([180, 200], "1#")
    (sound,) = heard_by_other.line.sounds
    exact_ms = 25 + max(heard_by_other.line.late_ms)  # more where this process, both phones, stood still
    assert sound.end_ms - sound.start_ms == pytest.approx(said.end_ms - said.start_ms, abs=exact_ms)
    assert (one.cause, other.cause) == ("NORMAL_CLEARING", "BYE")


@pytest.mark.alone
@pytest.mark.parametrize(
    ("behaviour", "codes"),
    [(Refuses(486), [180, 486]), (Refuses(603, 100), [180, 603]), (Refuses(480, 200, True), [183, 480])],
)
def test_a_refusal_is_the_cause(
    pair: tuple[SipPhone, SipPhone], behaviour: Behaviour, codes: list[int]
) -> None:
    one, other = pair
    other.behaviour = behaviour
    caller = PhoneCaller(one.dial("1002"))
    with pytest.raises(Refused, match=str(codes[-1])):
        caller.dials()
    assert one.codes == codes
    assert bool(caller.line.sounds) is (codes[0] == 183)


def test_a_caller_gives_up(pair: tuple[SipPhone, SipPhone]) -> None:
    one, other = pair
    other.behaviour = RingsForever()
    one.dial("1002")
    assert one.ringing.wait(LIMIT_S)
    one.hang_up()
    assert one.ended.wait(LIMIT_S)
    assert other.ended.wait(LIMIT_S)
    assert (one.cause, other.cause) == ("487", "CANCEL")


def test_nobody_there_is_no_answer(phones: list[SipPhone]) -> None:
    phones.append(SipPhone(("127.0.0.1", 9)))
    with pytest.raises(NotRegistered, match="no answer"):
        phones[0].registers()


@pytest.mark.freeswitch
def test_a_wrong_password_is_refused(freeswitch: FreeSwitch, phones: list[SipPhone]) -> None:
    phones.append(at_freeswitch(freeswitch, "1001", "wrong-password"))
    with pytest.raises(NotRegistered, match="403"):
        phones[0].registers()
    phones[0].dial("7000")
    assert phones[0].ended.wait(LIMIT_S)
    assert phones[0].cause in ("403", "CALL_REJECTED")


@pytest.mark.freeswitch
def test_two_phones_over_freeswitch(freeswitch: FreeSwitch, phones: list[SipPhone]) -> None:
    one, other = at_freeswitch(freeswitch, "1001"), at_freeswitch(freeswitch, "1002")
    phones += [one, other.registers()]
    other.behaviour = Answers(after_ms=200)
    callee = PhoneCaller(other)
    answering = gevent.spawn(callee.dials)
    with PhoneCaller(one.dial("1002")) as caller:
        answering.get(timeout=LIMIT_S)
        said = caller.says(BEEP)
        caller.presses("7")
        caller.waits(400)
        one.press_by_info("*")
        caller.waits(400)
    assert other.ended.wait(LIMIT_S)
    assert other.cause == "NORMAL_CLEARING"
    assert "7" in other.media.keys_heard
    beeps = [sound for sound in callee.line.sounds if sound.end_ms - sound.start_ms > 300]
    assert beeps[-1].end_ms - beeps[-1].start_ms == pytest.approx(said.end_ms - said.start_ms, abs=60)


@pytest.mark.freeswitch
def test_a_phone_is_called_hears_its_echo_and_outlives_a_hold(
    freeswitch: FreeSwitch, phones: list[SipPhone]
) -> None:
    phone = at_freeswitch(freeswitch, "1003").registers()
    phones.append(phone)
    originate = gevent.spawn(freeswitch.api, "originate user/1003@127.0.0.1 &echo")
    with PhoneCaller(phone) as caller:
        uuid = re.search(r"\+OK (\S+)", originate.get(timeout=LIMIT_S))
        assert uuid
        said = caller.says(BEEP)
        caller.waits_for_silence()
        echo = next(each for each in caller.line.sounds if each.start_ms >= said.start_ms)
        assert 0 < echo.start_ms - said.start_ms < 200
        freeswitch.api(f"uuid_hold {uuid[1]}")
        freeswitch.api(f"uuid_hold off {uuid[1]}")
        assert phone.sdp_version >= 2
        caller.waits(200)
        assert not caller.over
        freeswitch.api(f"uuid_kill {uuid[1]} USER_BUSY")
        assert phone.ended.wait(LIMIT_S)
    assert phone.cause == "USER_BUSY"


@pytest.mark.freeswitch
@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (Refuses(486), "USER_BUSY"),
        (Refuses(603), "CALL_REJECTED"),
        (Refuses(404), "UNALLOCATED_NUMBER"),
        (Refuses(480), "NO_USER_RESPONSE"),
        (Refuses(500), "NORMAL_TEMPORARY_FAILURE"),
        (Refuses(503, early_media=True, after_ms=200), "NORMAL_TEMPORARY_FAILURE"),
        (RingsForever(), "NO_ANSWER"),
    ],
)
def test_freeswitch_understands_why_a_phone_was_not_answered(
    freeswitch: FreeSwitch, phones: list[SipPhone], behaviour: Behaviour, told: str
) -> None:
    phones.append(at_freeswitch(freeswitch, "1004").registers())
    phones[0].behaviour = behaviour
    options = "originate_timeout=2,ignore_early_media=true"
    answer = freeswitch.api(f"originate {{{options}}}user/1004@127.0.0.1 &park")
    assert answer.strip() == f"-ERR {told}"
    phones[0].registers(expires_s=0)
