"""Silero voice activity detection: a small recurrent network, run by plain onnxruntime.

Responsible for: turning 20 ms frames into the network's 32 ms windows, and its state between them.
Knows nothing of thresholds or of what counts as the start of speech.

The model file is the one in faster-whisper's wheel (16 kHz only). It wants 512 new samples preceded
by the last 64 of the window before. One onnxruntime session serves the process (it is stateless);
what a caller needs are two vectors of 128 numbers. A window costs about
140 us every 32 ms: 90 us a frame (thread CPU time, other work on both cores).

Below about -66 dBFS there is nothing to hear: such windows are skipped, which makes muted
microphones and held calls free.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from media.integrity import verify
from media.pcm import floats

WINDOW = 512
CONTEXT = 64
WINDOW_BYTES, CONTEXT_BYTES = WINDOW * 2, CONTEXT * 2
STATE = (1, 1, 128)
MODEL_FILE = "assets/silero_vad_v6.onnx"
MODEL_SHA256 = "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"

INAUDIBLE_PEAK = 16 / 32768
"""Peak of a window that isn't looked at: 16 steps of 16 bits. A choice: well above dither,
and 30 dB below the faintest clips that Silero was seen to hear."""
FORGET_WINDOWS = 16
"""After this many inaudible windows (0.5 s) the network starts afresh."""
CATCH_UP_WINDOWS = FORGET_WINDOWS
"""Quiet windows that the network hears after all once it gets loud: a soft "s" begins in them, and
without what went before it the network is a quarter of a second late."""


class SileroDetector:
    """One caller's detector. Raises FileNotFoundError or ModelFileError when built without a good
    model file (see `model_path`)."""

    name = "silero"
    _h: NDArray[np.float32]
    _c: NDArray[np.float32]

    def __init__(self) -> None:
        self._session = _shared_session()
        self.reset()

    def reset(self) -> None:
        """Forget all state."""
        self._waiting = bytearray(CONTEXT_BYTES)  # not heard yet, and the context before it
        self._put_off = 0
        self._loud = False
        self._forget()

    def probability(self, frame: bytes, *, quiet: bool = False) -> float:
        """Speech probability of the last full window after this frame (16 kHz PCM16)."""
        self._loud = self._loud or not quiet
        self._waiting += frame
        whole = (len(self._waiting) - CONTEXT_BYTES) // WINDOW_BYTES
        if whole > self._put_off:
            if self._loud:
                self._hear(whole)
            else:
                self._put_off_newest(whole)
            self._loud = False
        return self._probability

    def _put_off_newest(self, whole: int) -> None:
        """It is quiet: keep the bytes, should it get loud, and touch nothing else."""
        self._probability = 0.0
        self._put_off = min(whole, CATCH_UP_WINDOWS)
        del self._waiting[: (whole - self._put_off) * WINDOW_BYTES]

    def _hear(self, whole: int) -> None:
        values = floats(bytes(self._waiting[: CONTEXT_BYTES + whole * WINDOW_BYTES]))
        for at in range(0, whole * WINDOW, WINDOW):
            self._look(values[np.newaxis, at : at + CONTEXT + WINDOW])
        del self._waiting[: whole * WINDOW_BYTES]
        self._put_off = 0

    def _look(self, window: NDArray[np.float32]) -> None:
        if float(np.abs(window).max()) >= INAUDIBLE_PEAK:
            self._inaudible = 0
            self._probability = self._run(window)
            return
        self._probability = 0.0
        self._inaudible += 1
        if self._inaudible == FORGET_WINDOWS:
            self._forget()

    def _run(self, window: NDArray[np.float32]) -> float:
        output, self._h, self._c = self._session.run(None, {"input": window, "h": self._h, "c": self._c})
        return float(output[0])

    def _forget(self) -> None:
        self._h = np.zeros(STATE, np.float32)
        self._c = np.zeros(STATE, np.float32)
        self._probability = 0.0
        self._inaudible = 0


def model_path() -> Path:
    """Where faster-whisper's wheel keeps the model. Raises FileNotFoundError when it doesn't."""
    # Found, not imported: importing faster_whisper loads CTranslate2, which a VAD doesn't need.
    spec = find_spec("faster_whisper")
    places = spec.submodule_search_locations if spec else None
    for place in places or ():
        path = Path(place) / MODEL_FILE
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{MODEL_FILE} of the package faster-whisper is not installed; "
        "run `pip install 'faster-whisper>=1.2,<2'`"
    )


@cache
def _shared_session() -> onnxruntime.InferenceSession:
    path = model_path()
    verify(path, MODEL_SHA256)
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
