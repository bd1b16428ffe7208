"""The caller's voice across media sockets: whole frames, bounded, over when the call is."""

from __future__ import annotations

import pytest

from controller.telephony.audio_in import MAX_WAITING_FRAMES, PhoneAudioIn, Send
from media.pcm import FRAME_BYTES, BadPcm

ONES = b"\1\0" * (FRAME_BYTES // 2)


def test_frames_of_any_even_size_come_out_whole() -> None:
    audio_in = PhoneAudioIn()
    for size in (2, 638, 1280, 640, 100):
        audio_in.feed(b"\1\0" * (size // 2))
    audio_in.close()
    assert list(audio_in.frames()) == [ONES] * 4


def test_odd_bytes_are_refused() -> None:
    with pytest.raises(BadPcm):
        PhoneAudioIn().feed(b"\0" * 641)


def test_half_a_frame_of_an_old_socket_does_not_shift_the_new_one() -> None:
    audio_in = PhoneAudioIn()
    lines: list[Send | None] = []
    audio_in.on_line = lines.append
    audio_in.feed(bytes(100))
    audio_in.line(None)
    audio_in.line(print)
    audio_in.feed(ONES)
    audio_in.close()
    audio_in.line(None)
    assert list(audio_in.frames()) == [ONES]
    assert lines == [None, print]


def test_what_nobody_takes_is_bounded() -> None:
    audio_in = PhoneAudioIn()
    for _ in range(MAX_WAITING_FRAMES + 7):
        audio_in.feed(ONES)
    assert audio_in.dropped == 7
    audio_in.close()
    assert len(list(audio_in.frames())) == MAX_WAITING_FRAMES


def test_after_the_call_nothing_is_kept() -> None:
    audio_in = PhoneAudioIn()
    audio_in.close()
    audio_in.close()
    audio_in.feed(ONES)
    assert list(audio_in.frames()) == []
