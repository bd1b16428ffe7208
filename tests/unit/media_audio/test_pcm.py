"""PCM: framing, levels, WAV."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.pcm import (
    FRAME_BYTES,
    SILENCE,
    SILENT_DBFS,
    BadPcm,
    BadWav,
    Framer,
    dbfs,
    duration_ms,
    read_wav,
    rms,
    write_wav,
)
from tests.unit.media_audio.speech import to_pcm, tone


@given(st.lists(st.integers(0, 1500), max_size=20))
def test_frames_and_rest_are_all_that_was_pushed(sizes: list[int]) -> None:
    framer, pushed, out = Framer(), b"", b""
    for number, size in enumerate(sizes):
        chunk = bytes([number % 255 + 1]) * (size * 2)
        pushed += chunk
        for frame in framer.push(chunk):
            assert len(frame) == FRAME_BYTES
            out += frame
    last = framer.flush()
    out += last or b""
    assert len(out) % FRAME_BYTES == 0
    assert out.rstrip(b"\0") == pushed
    assert framer.flush() is None


def test_odd_bytes_are_refused_and_change_nothing() -> None:
    framer = Framer()
    framer.push(b"\1\1" * 10)
    with pytest.raises(BadPcm, match="3 bytes"):
        framer.push(b"abc")
    assert framer.flush() == (b"\1\1" * 10).ljust(FRAME_BYTES, b"\0")


def test_levels() -> None:
    assert dbfs(SILENCE) == SILENT_DBFS
    assert dbfs(b"") == SILENT_DBFS
    assert rms(np.full(320, -32768, "<i2").tobytes()) == pytest.approx(1.0)
    assert dbfs(to_pcm(tone([440], -20, 1000))) == pytest.approx(-23, abs=0.1)
    assert duration_ms(SILENCE) == 20


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_wav_round_trip(tmp_path: Path, rate: int) -> None:
    pcm = to_pcm(tone([440], -6, 100, rate))
    write_wav(tmp_path / "a.wav", pcm, rate)
    assert read_wav(tmp_path / "a.wav") == (pcm, rate)


def test_wav_of_another_form_is_refused() -> None:
    stereo = BytesIO()
    write_wav(stereo, b"\0\0" * 64, channels=2)
    stereo.seek(0)
    with pytest.raises(BadWav, match="2 channels"):
        read_wav(stereo)
    for junk in (b"", b"RIFF", b"not a wave file at all" * 9):
        with pytest.raises(BadWav):
            read_wav(BytesIO(junk))
