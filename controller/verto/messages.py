"""JSON-RPC 2.0 as verto speaks it: text in, frozen values out, and back.

Responsible for form and size. Whether a message may pass is `policy`'s business. Pure; all text comes
from outside and is hostile until it is one of these values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

MAX_FRAME_BYTES = 65_536
"""Of a page. A session description with every codec of a browser has some 6 KB."""
MAX_DEPTH = 16
"""Of nested values; verto needs three."""
Id = int | str | None


class Code(IntEnum):
    """Errors: JSON-RPC's, mod_verto's (-32000..-32002), and ours."""

    INVALID = -32600
    DENIED = -32601
    BAD_PARAMS = -32602
    NO_LOGIN = -32000
    REFUSED_LOGIN = -32001
    CALL_ERROR = -32002
    AWAY = -32010
    DESTINATION = -32011
    TOO_FAST = -32012


class RpcError(Exception):
    """An answer that is an error. `data`: further fields of mod_verto's, such as callID."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = dict(data or {})


@dataclass(frozen=True, slots=True)
class Request:
    """A method is asked for. `id` None: nobody waits for an answer."""

    id: Id
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `error` None, or a `result` that is empty."""

    id: Id
    result: Mapping[str, Any] = field(default_factory=dict)
    error: RpcError | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What page and gateway tell each other besides verto: `{"type": …}`."""

    type: str
    fields: Mapping[str, Any]


Message = Request | Reply | Note


def parse(text: str | bytes) -> Message:
    """One frame. Raises RpcError (INVALID) for all that is no message; nothing of it is repeated."""
    if isinstance(text, bytes):
        raise RpcError(Code.INVALID, "frames are text")
    if len(text) > MAX_FRAME_BYTES:
        raise RpcError(Code.INVALID, f"a frame may have {MAX_FRAME_BYTES} bytes at most")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise RpcError(Code.INVALID, "frames are JSON objects") from None
    if not isinstance(given, dict) or _depth(given) > MAX_DEPTH:
        raise RpcError(Code.INVALID, "frames are JSON objects, not deeply nested")
    if isinstance(given.get("type"), str):
        kind = given.pop("type")
        return Note(kind, given)
    return _rpc(given)


def _rpc(given: dict[str, Any]) -> Request | Reply:
    id_, method, params = given.get("id"), given.get("method"), given.get("params", {})
    if isinstance(id_, bool) or not isinstance(id_, int | str | None):
        raise RpcError(Code.INVALID, "id must be a number or a string")
    if isinstance(method, str):
        if not isinstance(params, dict):
            raise RpcError(Code.BAD_PARAMS, "params must be an object")
        return Request(id_, method, params)
    if isinstance(error := given.get("error"), dict):
        code = error.get("code")
        rest = {name: error[name] for name in error.keys() - {"code", "message"}}
        number = code if isinstance(code, int) else int(Code.INVALID)
        return Reply(id_, error=RpcError(number, str(error.get("message", "")), rest))
    if "result" in given:
        result = given["result"]
        return Reply(id_, result if isinstance(result, dict) else {})
    raise RpcError(Code.INVALID, "neither a request nor an answer")


def _depth(value: object, so_far: int = 0) -> int:
    if so_far > MAX_DEPTH or not isinstance(value, dict | list):
        return so_far
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(each, so_far + 1) for each in inner), default=so_far)


def request_text(id_: Id, method: str, params: Mapping[str, Any]) -> str:
    """A request."""
    return _json({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})


def result_text(id_: Id, result: Mapping[str, Any]) -> str:
    """An answer."""
    return _json({"jsonrpc": "2.0", "id": id_, "result": result})


def error_text(id_: Id, error: RpcError) -> str:
    """An answer that is an error."""
    told = {"code": error.code, "message": error.message, **error.data}
    return _json({"jsonrpc": "2.0", "id": id_, "error": told})


def note_text(type_: str, **fields: Any) -> str:
    """What the gateway tells a page besides verto."""
    return _json({"type": type_, **fields})


def _json(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=str)
