"""The files that mod_audio_stream writes for `streamAudio` messages.

Responsible for: which messages are valid, the files' names, and deleting them all. It must never know
who plays them.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import gevent

RAW_RATES = {8000: "r8", 16000: "r16", 24000: "r24", 32000: "r32", 48000: "r48", 64000: "r64"}
FORMATS = {"wav", "mp3", "ogg", "pcmu", "pcma"}


class StreamFiles:
    """Of one stream. n in the names counts from 0."""

    def __init__(self, uuid: str, directory: Path) -> None:
        self._uuid, self._directory = uuid, directory
        self._written: list[Path] = []

    def take(self, text: str) -> str | None:
        """Write the audio of a valid message; returns the body of its event, else None."""
        made: str | None = gevent.get_hub().threadpool.apply(self._take, (text,))
        return made

    def delete(self) -> None:
        """All of them, played or not."""
        while self._written:
            self._written.pop().unlink(missing_ok=True)

    def _take(self, text: str) -> str | None:
        try:
            message = json.loads(text)
            data: dict[str, Any] = message["data"]
            if message["type"] != "streamAudio":
                return None
            audio = base64.b64decode(data["audioData"], validate=True)
            ending = self._ending(data)
        except (ValueError, KeyError, TypeError, binascii.Error):
            return None
        if ending is None:
            return None
        path = self._directory / f"{self._uuid}_{len(self._written)}.tmp.{ending}"
        path.write_bytes(audio)
        self._written.append(path)
        kept = {name: value for name, value in data.items() if name != "audioData"}
        return json.dumps(kept | {"file": str(path)}, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def _ending(data: dict[str, Any]) -> str | None:
        kind = data["audioDataType"]
        if kind == "raw":
            rate = data["sampleRate"]
            return RAW_RATES.get(rate) if isinstance(rate, int) and not isinstance(rate, bool) else None
        return kind if kind in FORMATS else None
