"""What telephones behind a gateway say, as G.711 µ-law without a header: made by Piper, at test time.

Responsible for words becoming files. It must never know who plays them, or to whom.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gevent.event import AsyncResult
from numpy.typing import NDArray

from media.pool import EnginePool
from media.resample import resample
from media.tts import factory as voices
from media.tts.base import Clip, Synthesiser
from tests.freeswitch.sip_media import encode
from tests.simulator.audio import tone

RATE = 8000
SPEAK_S = 30.0
Part = str | int
"""Words, or so many milliseconds of silence."""
BEEP = "<beep>"
"""Instead of words: what a machine plays before it records."""
BEEP_HZ, BEEP_MS = 1000, 400


def write_all(sayings: dict[str, tuple[Part, ...]], folder: Path) -> None:
    """`folder`/NAME.ulaw for each. Raises what a voice raises."""
    pool = EnginePool(1)
    try:
        voice = voices.create("piper", "en", "", pool, folder, folder)
        said = {part: _samples(voice, part) for parts in sayings.values() for part in parts}
    finally:
        pool.close()
    for name, parts in sayings.items():
        samples = np.concatenate([said[part] for part in parts])
        (folder / f"{name}.ulaw").write_bytes(encode(samples.tobytes()))


def _samples(voice: Synthesiser, part: Part) -> NDArray[np.int16]:
    if isinstance(part, int):
        return np.zeros(part * RATE // 1000, np.int16)
    if part == BEEP:
        return tone(BEEP_HZ, BEEP_MS, rate=RATE).samples
    pieces: list[bytes] = []
    done: AsyncResult[None] = AsyncResult()

    def take(clip: Clip) -> None:
        pieces.append(resample(clip.pcm, clip.rate, RATE))
        if clip.last:
            done.set()

    voice.speak(part, take, done.set_exception)
    done.get(timeout=SPEAK_S)
    return np.frombuffer(b"".join(pieces), "<i2")
