"""A model behind an OpenAI-compatible server, through the `openai` package.

Responsible for the wire: time limits, closing, and turning whatever goes wrong into ModelError. Knows
nothing of prompts, tools' meaning or sessions. Works under gevent's monkey patching only: the package's
HTTP client then waits cooperatively.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from time import monotonic
from typing import Any, cast

import gevent
import openai

from controller.dialogue.agent.calls import CallAssembler
from controller.dialogue.agent.options import Endpoint
from controller.dialogue.agent.ports import (
    AskedCalls,
    ChatRequest,
    Fault,
    ModelError,
    Piece,
    ToolCard,
    Words,
)
from controller.dialogue.agent.reuse import reuse_connection

CONNECT_S = 2.0
READ_S = 30.0
"""A back-stop under the limits of each request, which are stricter."""


def connect(endpoint: Endpoint) -> list[OpenAIModel]:
    """The models of an endpoint, sharing one client. Nothing is sent yet, all that is slow to load is
    loaded. Raises ValueError for an endpoint that is not set up."""
    if not endpoint.base_url.startswith(("http://", "https://")):
        raise ValueError(f"agent.base_url is {endpoint.base_url!r}; expected http(s)://host:port/v1")
    if not endpoint.models or not all(endpoint.models):
        raise ValueError("agent.model is not set; expected the name of a model of that server")
    client = openai.OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",  # local servers want none, the package wants one
        max_retries=0,  # retries are decided in failover.py
        timeout=openai.Timeout(READ_S, connect=CONNECT_S),
        http_client=openai.DefaultHttpxClient(event_hooks={"response": [reuse_connection]}),
    )
    _ = client.chat.completions  # imports a lot, which must not happen in a call
    return [
        OpenAIModel(client, name, endpoint.temperature, endpoint.max_tokens) for name in endpoint.models
    ]


class OpenAIModel:
    """A `ports.ChatModel`."""

    def __init__(self, client: openai.OpenAI, name: str, temperature: float, max_tokens: int) -> None:
        self.name = name
        self._client = client
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._refused: set[str] = set()  # parameters that this model doesn't take

    def stream(self, request: ChatRequest) -> Iterator[Piece]:
        """See ChatModel.stream."""
        start = monotonic()
        first_at, end_at = start + request.first_s, start + request.total_s
        with closing(_Reader(self._client)) as reader:
            self._open(reader, request, min(first_at, end_at))
            calls, begun, finished = CallAssembler(), False, False
            while (chunk := reader.next(end_at if begun else min(first_at, end_at), begun)) is not None:
                for choice in _items(chunk, "choices")[:1]:
                    finished = finished or bool(_text(choice, "finish_reason"))
                    delta = getattr(choice, "delta", None)
                    pieces = _items(delta, "tool_calls")
                    for piece in pieces:
                        _add_call(calls, piece)
                    text = _text(delta, "content")
                    if text or (pieces and not begun):
                        begun = True
                        yield Words(text)
            if not finished:
                raise ModelError(Fault.BROKEN, "the stream was cut")
            if asked := calls.calls():
                yield AskedCalls(asked)

    def _open(self, reader: _Reader, request: ChatRequest, until: float) -> None:
        """Models that reason refuse parameters that others need: what was refused once is not sent."""
        while True:
            try:
                return reader.open(self._arguments(request), until)
            except _ParameterRefused as refusal:
                if refusal.parameter in self._refused:
                    raise
                self._refused.add(refusal.parameter)

    def _arguments(self, request: ChatRequest) -> dict[str, Any]:
        limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        arguments: dict[str, Any] = {
            "model": self.name,
            "messages": list(request.messages),
            limit: request.max_tokens or self._max_tokens,
            "stream": True,
        }
        if "temperature" not in self._refused:
            arguments["temperature"] = self._temperature
        if request.tools:
            arguments["tools"] = [_function(card) for card in request.tools]
            arguments["tool_choice"] = "auto" if request.may_call else "none"
        return arguments


class _Reader:
    """One HTTP exchange; every wait has its limit, every error is a ModelError."""

    def __init__(self, client: openai.OpenAI) -> None:
        self._client = client
        self._stream: Any = None

    def open(self, arguments: dict[str, Any], until: float) -> None:
        """Send the request and wait for the answer's head."""
        create = cast(Any, self._client.chat.completions).create
        self._stream = self._guarded(lambda: create(**arguments), until, begun=False)

    def next(self, until: float, begun: bool) -> Any:
        """The next chunk; None at the end."""
        gevent.sleep(0)  # a server that floods us must not keep the hub
        return self._guarded(lambda: next(self._stream, None), until, begun=begun)

    def close(self) -> None:
        """Close the connection, wherever the exchange is."""
        if self._stream is not None:
            self._stream.close()

    def _guarded(self, wait: Any, until: float, *, begun: bool) -> Any:
        late = ModelError(
            Fault.TOO_LONG if begun else Fault.SLOW_START,
            "not done in time" if begun else "no first words in time",
        )
        left_s = until - monotonic()
        if left_s <= 0:
            raise late
        limit = gevent.Timeout(left_s)
        try:
            with limit:
                return wait()
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            raise late from None
        except ModelError:
            raise
        except Exception as error:  # servers and HTTP clients fail in every way there is
            raise _as_model_error(error) from error


class _ParameterRefused(ModelError):
    def __init__(self, parameter: str) -> None:
        super().__init__(Fault.REFUSED, f"HTTP 400: {parameter}")
        self.parameter = parameter


def _as_model_error(error: Exception) -> ModelError:
    if isinstance(error, openai.APITimeoutError):
        return ModelError(Fault.SLOW_START, "the HTTP client's time limit")
    if isinstance(error, openai.APIConnectionError):
        return ModelError(Fault.UNREACHABLE, type(error.__cause__ or error).__name__)
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        if status == 429:
            wait_s = _seconds(error.response.headers.get("retry-after", ""))
            return ModelError(Fault.BUSY, "HTTP 429", retry_after_s=wait_s)
        for parameter in ("max_tokens", "temperature"):
            if status == 400 and f"'{parameter}'" in error.message:
                return _ParameterRefused(parameter)
        broken = status >= 500 or status in (408, 409)
        return ModelError(Fault.BROKEN if broken else Fault.REFUSED, f"HTTP {status}")
    return ModelError(Fault.BROKEN, type(error).__name__)


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def _function(card: ToolCard) -> dict[str, Any]:
    function = {
        "name": card.name,
        "description": card.description,
        "parameters": dict(card.schema),
    }
    return {"type": "function", "function": function}


def _add_call(calls: CallAssembler, piece: Any) -> None:
    index = getattr(piece, "index", None)
    function = getattr(piece, "function", None)
    calls.add(
        index if isinstance(index, int) else 0,
        _text(piece, "id"),
        _text(function, "name"),
        _text(function, "arguments"),
    )


def _items(value: Any, name: str) -> list[Any]:
    """A list attribute; the package doesn't check what a server sent."""
    found = getattr(value, name, None)
    return list(found) if isinstance(found, list | tuple) else []


def _text(value: Any, name: str) -> str:
    found = getattr(value, name, None)
    return found if isinstance(found, str) else ""
