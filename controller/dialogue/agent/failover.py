"""Which model answers: retries, fallback models and circuit breakers. Knows no HTTP and no prompts.

Each model whose circuit is not open is asked once, in order; a lone model twice, when asking again may
help. Once anything has come, nothing is asked again: words can't be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import cast

import gevent
import structlog

from controller.dialogue.agent.circuit import Circuit
from controller.dialogue.agent.ports import ChatModel, ChatRequest, Fault, ModelError, Piece

_log = structlog.get_logger(__name__)
PAUSE_S = 0.25
"""Before the same model is asked again."""
LONGEST_PAUSE_S = 1.0
"""A server that asks for a longer pause (Retry-After) is not waited for: someone is listening."""
_WORTH_A_RETRY = {Fault.UNREACHABLE, Fault.BUSY, Fault.BROKEN}


class Failover:
    """A ChatModel made of several, first choice first."""

    def __init__(
        self,
        models: Sequence[ChatModel],
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], object] = gevent.sleep,
    ) -> None:
        if not models:
            raise ValueError("expected at least one model")
        self._models = [(model, Circuit()) for model in models]
        self._clock = clock
        self._sleep = sleep

    @property
    def name(self) -> str:
        """All names."""
        return ", ".join(model.name for model, _ in self._models)

    def stream(self, request: ChatRequest) -> Iterator[Piece]:
        """See ChatModel.stream. `total_s` bounds all attempts together."""
        until = self._clock() + request.total_s
        error = ModelError(Fault.OPEN_CIRCUIT, f"{self.name} failed too often just now")
        for model, circuit in self._models:
            if not circuit.admits(self._clock()):
                continue
            try:
                yield from self._ask(model, circuit, request, until)
                return
            except _NotBegun as failure:
                error = failure.error
        if len(self._models) == 1 and error.fault in _WORTH_A_RETRY:
            pause_s = max(PAUSE_S, error.retry_after_s)
            model, circuit = self._models[0]
            if pause_s <= LONGEST_PAUSE_S:
                self._sleep(pause_s)
                if circuit.admits(self._clock()):
                    try:
                        yield from self._ask(model, circuit, request, until)
                        return
                    except _NotBegun as failure:
                        error = failure.error
        raise error

    def _ask(
        self, model: ChatModel, circuit: Circuit, request: ChatRequest, until: float
    ) -> Iterator[Piece]:
        """One attempt. Raises _NotBegun before the first piece, ModelError after it."""
        left_s = max(0.05, until - self._clock())
        request = replace(request, total_s=left_s, first_s=min(request.first_s, left_s))
        begun = False
        try:
            with closing(cast(Generator[Piece, None, None], model.stream(request))) as pieces:
                for piece in pieces:
                    begun = True
                    yield piece
        except ModelError as error:
            circuit.failed(self._clock())
            _log.warning("model_failed", model=model.name, fault=error.fault.value, detail=str(error))
            if begun:
                raise
            raise _NotBegun(error) from error
        except BaseException:  # the reply was cancelled
            circuit.abandoned(self._clock())
            raise
        circuit.succeeded()


class _NotBegun(Exception):
    def __init__(self, error: ModelError) -> None:
        super().__init__(str(error))
        self.error = error
