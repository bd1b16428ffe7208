"""Lets a connection be used again after a streamed answer.

The `openai` package stops reading at `[DONE]` and closes, although the few bytes that end the HTTP
answer are still to come: its HTTP client then has to close the connection too. Here they are read
first. An answer that is cut short, by whoever, closes its connection as before.
"""

from __future__ import annotations

from collections.abc import Iterator

import gevent
import httpx2

DRAIN_S = 0.1
"""The end is usually there already."""
_DONE = b"data: [DONE]"
_TAIL = 64


def reuse_connection(response: httpx2.Response) -> None:
    """A hook for the HTTP client's responses."""
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Drained(response.stream)


class _Drained(httpx2.SyncByteStream):
    """Reads the rest on closing, if all that matters has been read."""

    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream
        self._parts = iter(stream)
        self._tail = b""

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self._tail = (self._tail + part)[-_TAIL:]
            yield part

    def close(self) -> None:
        """Within DRAIN_S; never raises for what it reads."""
        try:
            if _DONE in self._tail:
                with gevent.Timeout(DRAIN_S, False):
                    for _ in self._parts:
                        pass
        except httpx2.HTTPError:
            pass  # the answer is complete: how its connection ends is no matter
        finally:
            self._stream.close()
