"""Puts together tool calls that a stream gives in pieces. Pure.

Servers differ: some give an index with every piece, some repeat the name, some give whole calls under
one index, some leave ids out. A piece with a new id begins a new call.
"""

from __future__ import annotations

from controller.dialogue.agent.ports import AskedCall, Fault, ModelError

MAX_CALLS = 16
MAX_ARGUMENT_CHARS = 20_000
"""What the tools' runner accepts; a model that writes more is not going to end."""


class CallAssembler:
    """One answer's calls."""

    def __init__(self) -> None:
        self._calls: dict[int, list[str]] = {}  # id, name, arguments
        self._open: dict[int, int] = {}  # a server's index → the call it now adds to

    def add(self, index: int, call_id: str, name: str, arguments: str) -> None:
        """One piece. Raises ModelError(BROKEN) when it gets too much."""
        at = self._open.get(index)
        if at is None or (call_id and self._calls[at][0] and call_id != self._calls[at][0]):
            at = self._open[index] = len(self._calls)
            self._calls[at] = ["", "", ""]
        call = self._calls[at]
        call[0] = call[0] or call_id
        call[1] = call[1] or name
        call[2] += arguments
        if len(self._calls) > MAX_CALLS or len(call[2]) > MAX_ARGUMENT_CHARS:
            raise ModelError(Fault.BROKEN, "tool calls without end")

    def calls(self) -> tuple[AskedCall, ...]:
        """All of them, in order."""
        return tuple(
            AskedCall(name, arguments or "{}") for _, (_, name, arguments) in sorted(self._calls.items())
        )
