"""Changing the sample rate of PCM16 mono streams, by libraries.

Responsible for: two trade-offs. The live path (microphone, call) must not wait; speech that is made
or stored has time. Knows nothing of frames: any even number of bytes goes in, what is ready comes
out. All objects have `.process(pcm) -> bytes` and `.flush() -> bytes`; equal rates pass through.

| | holds back | alias rejection | flat to | CPU per 20 ms |
|---|---|---|---|---|
| live (libswresample through PyAV) | 3.3-4.8 ms | >= 68 dB | 7.4 kHz (3.6 kHz with 8 kHz) | 16-41 us |
| speech (soxr HQ) | 37-171 ms until flushed | >= 86 dB (16 bit floor) | the same | 5-11 us |

Measured with tones at all 20 pairs of RATES (flat: within 0.6 dB; aliases from 3 % above half the new
rate; thread CPU time). Tests hold the live delay to 5 ms and both kinds' rejection to 60 dB.
"""

from __future__ import annotations

from typing import Protocol

import av
import numpy as np
import soxr
from av.filter import Graph

from media.pcm import samples

RATES = (8_000, 16_000, 22_050, 24_000, 48_000)
"""Hz between which streams are resampled."""

LIVE_TAPS_PER_MS = 9
"""Filter length: half of it is the delay, so 9 taps a millisecond of the lower rate (to a multiple
of 8 kHz) hold back 4.5 ms. Shorter loses rejection just above half the lower rate."""
LIVE_FILTER = {"cutoff": "0.94", "kaiser_beta": "6", "internal_sample_fmt": "fltp"}
"""Kaiser beta 6 is 63 dB in the stop band; the cut-off puts its edge at half the lower rate."""


class Resampler(Protocol):
    """A stream at one rate in, the same stream at another rate out."""

    def process(self, pcm: bytes) -> bytes:
        """Add PCM16 mono; returns what is ready at the new rate. Raises BadPcm for odd bytes."""
        ...

    def flush(self) -> bytes:
        """The held-back rest; the next `process` begins a new stream."""
        ...


class UnsupportedRate(ValueError):
    """A sample rate outside RATES."""


def live_resampler(from_hz: int, to_hz: int) -> Resampler:
    """For the microphone path: answers within 5 ms. Raises UnsupportedRate."""
    return _Same() if _same(from_hz, to_hz) else _Live(from_hz, to_hz)


def speech_resampler(from_hz: int, to_hz: int) -> Resampler:
    """For made or stored speech: best quality, most of it only after flush. Raises
    UnsupportedRate."""
    return _Same() if _same(from_hz, to_hz) else _Speech(from_hz, to_hz)


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """A whole clip at once, best quality. Raises UnsupportedRate, BadPcm."""
    if _same(from_hz, to_hz):
        return pcm
    return bytes(soxr.resample(samples(pcm), from_hz, to_hz).tobytes())


def _same(from_hz: int, to_hz: int) -> bool:
    for rate in (from_hz, to_hz):
        if rate not in RATES:
            allowed = ", ".join(map(str, RATES))
            raise UnsupportedRate(f"{rate} Hz is not supported; use one of {allowed}")
    return from_hz == to_hz


class _Same:
    def process(self, pcm: bytes) -> bytes:
        samples(pcm)
        return pcm

    def flush(self) -> bytes:
        return b""


class _Live:
    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz, self._to_hz = from_hz, to_hz
        self._graph = self._new()

    def process(self, pcm: bytes) -> bytes:
        if not pcm:
            return b""
        values = samples(pcm).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(values, format="s16", layout="mono")
        frame.sample_rate = self._from_hz
        return self._run(frame)

    def flush(self) -> bytes:
        rest = self._run(None)
        self._graph = self._new()
        return rest

    def _run(self, frame: av.AudioFrame | None) -> bytes:
        self._graph.push(frame)
        made = bytearray()
        while True:
            try:
                out = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):  # nothing more for now, or at all
                return bytes(made)
            assert isinstance(out, av.AudioFrame)
            # A plane is longer than its samples: libav aligns buffers.
            made += memoryview(out.planes[0])[: out.samples * 2]

    def _new(self) -> Graph:
        lower = min(self._from_hz, self._to_hz)
        taps = lower // 8_000 * 8 * LIVE_TAPS_PER_MS
        graph = Graph()
        graph.threads = 1  # else libav starts a thread per core for every caller
        rate = str(self._from_hz)
        source = graph.add("abuffer", sample_rate=rate, sample_fmt="s16", channel_layout="mono")
        filtered = graph.add(
            "aresample", sample_rate=str(self._to_hz), filter_size=str(taps), **LIVE_FILTER
        )
        form = graph.add("aformat", sample_fmts="s16", channel_layouts="mono")
        graph.link_nodes(source, filtered, form, graph.add("abuffersink")).configure()
        return graph


class _Speech:
    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._engine = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16")

    def process(self, pcm: bytes) -> bytes:
        return bytes(self._engine.resample_chunk(samples(pcm)).tobytes())

    def flush(self) -> bytes:
        rest = self._engine.resample_chunk(np.empty(0, np.int16), last=True).tobytes()
        self._engine.clear()
        return bytes(rest)
