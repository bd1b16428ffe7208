"""espeak-ng through its C library: every language it has, Mandarin among them, in a tenth of a
millisecond. Robotic; the fall-back where no Piper voice is.

Responsible for the library's global state: one voice and one callback at a time in the process.
Piper carries an espeak of its own, linked into its extension and loaded privately, with its own
data path; the two never meet.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_int, c_short, c_size_t, c_uint, c_void_p
from dataclasses import dataclass
from typing import Any

import espeakng_loader
import numpy as np

from media.pool import EnginePool
from media.tts.base import Clip
from media.tts.errors import EngineFailed, UnknownVoice
from media.tts.native import native_lock
from media.tts.pooled import Emit, PooledSynthesiser
from media.tts.shaping import EdgeTrimmer, Samples, pause_after

VOICES = {"zh": "cmn", "en": "en-us"}
"""Our language names where espeak's differ; others are espeak's own (`fr`, `de`, `yue`…)."""

BUFFER_MS = 100
NORMAL_WPM = 165
RATE = 22_050
"""What espeak-ng's formant voices come at, Hz; checked when the library starts."""

# espeak-ng's speak_lib.h
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_PARAM_WPM, _PARAM_PITCH = 1, 3
_CONTINUE, _ABORT = 0, 1
_CALLBACK = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, c_void_p)

OnSamples = Callable[[Samples], bool]


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak. `pitch` 0..100, 50 is the voice's own; `speed` 1.0 is 165 words a minute."""

    voice: str
    speed: float = 1.0
    pitch: int = 50


class _Library:
    """The process's one espeak. Use from native threads only; callers wait for each other."""

    def __init__(self) -> None:
        self._lock = native_lock()
        self._lib: Any = None
        self._on_samples: OnSamples | None = None
        self._error: BaseException | None = None
        self._callback = _CALLBACK(self._receive)  # kept: C holds only a pointer to it

    def speak(self, text: str, manner: Manner, on_samples: OnSamples) -> None:
        """Blocks until all is spoken or `on_samples` returns False. Raises TtsError."""
        with self._lock:
            lib = self._start()
            self._set(lib, manner)
            self._on_samples, self._error = on_samples, None
            encoded = text.replace("\0", " ").encode("utf-8", "replace")
            try:
                status = lib.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
            finally:
                self._on_samples = None
            if self._error is not None:
                raise self._error
            if status:
                self._stop()
                raise EngineFailed(f"espeak-ng failed (status {status}) on {text[:40]!r}")

    def check(self, manner: Manner) -> None:
        """Raises UnknownVoice when espeak has no such voice."""
        with self._lock:
            self._set(self._start(), manner)

    def _start(self) -> Any:
        if self._lib is None:
            lib = ctypes.CDLL(espeakng_loader.get_library_path())
            lib.espeak_Initialize.argtypes = [c_int, c_int, c_char_p, c_int]
            lib.espeak_Synth.argtypes = [
                c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, c_void_p, c_void_p,
            ]  # fmt: skip
            lib.espeak_SetVoiceByName.argtypes = [c_char_p]
            lib.espeak_SetParameter.argtypes = [c_int, c_int, c_int]
            data = espeakng_loader.get_data_path().encode()
            rate = lib.espeak_Initialize(_SYNCHRONOUS, BUFFER_MS, data, _DONT_EXIT)
            if rate != RATE:
                raise EngineFailed(f"espeak-ng did not start from its data (answered {rate})")
            lib.espeak_SetSynthCallback(self._callback)
            self._lib = lib
        return self._lib

    def _stop(self) -> None:
        self._lib.espeak_Terminate()
        self._lib = None

    def _set(self, lib: Any, manner: Manner) -> None:
        if lib.espeak_SetVoiceByName(manner.voice.encode()):
            raise UnknownVoice(
                f"espeak-ng has no voice or language {manner.voice!r}; leave the voice empty for"
                " the language's usual one, or pull a Piper voice of that name"
            )
        lib.espeak_SetParameter(_PARAM_WPM, round(NORMAL_WPM * manner.speed), 0)
        lib.espeak_SetParameter(_PARAM_PITCH, manner.pitch, 0)

    def _receive(self, wav: Any, count: int, _events: Any) -> int:
        if not wav or self._on_samples is None:
            return _CONTINUE
        try:
            samples = np.ctypeslib.as_array(wav, (count,)).astype(np.int16, copy=True)
            return _CONTINUE if self._on_samples(samples) else _ABORT
        except BaseException as exc:  # noqa: BLE001 - C can't carry it; speak() raises it again
            self._error = exc
            return _ABORT


_library = _Library()


class EspeakSynthesiser(PooledSynthesiser):
    """One espeak voice. Cancelling takes effect within a buffer of 100 ms of audio."""

    name = "espeak"
    rate = RATE

    def __init__(
        self,
        language: str,
        pool: EnginePool,
        *,
        voice: str = "",
        speed: float = 1.0,
        pitch: int = 50,
    ) -> None:
        """`voice`: an espeak voice name; without it the usual one for `language`.

        An unknown voice is found out at `warm_up`, or reported through on_error."""
        super().__init__(pool)
        self.language = language
        self.voice = voice or VOICES.get(language, language)
        self._manner = Manner(self.voice, speed, pitch)

    @property
    def identity(self) -> str:
        """Engine, voice and parameters."""
        manner = self._manner
        return f"espeak|{manner.voice}|{self.rate}|{manner.speed:.3f}|{manner.pitch}"

    def render(self, text: str, emit: Emit) -> None:
        """In a native thread. Raises TtsError."""
        trimmer = EdgeTrimmer(self.rate)
        wanted = True

        def on_samples(samples: Samples) -> bool:
            nonlocal wanted
            ready = trimmer.push(samples)
            if ready.size:
                wanted = emit(Clip(ready.tobytes(), self.rate, last=False))
            return wanted

        _library.speak(text, self._manner, on_samples)
        if wanted:
            emit(Clip(trimmer.flush(pause_after(text)).tobytes(), self.rate))

    def warm_up(self) -> None:
        """Start the library and make sure of the voice; raises TtsError."""
        _library.check(self._manner)
        super().warm_up()
