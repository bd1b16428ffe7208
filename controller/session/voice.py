"""The session's voice: strategy streams, synthesis and tools in flight, each under its reply's id.

Responsible for carrying out the core's effects of a reply and for giving them up. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import gevent

from controller.session import effects as ef
from controller.session import events as ev
from controller.session.ports import (
    Expect,
    Propose,
    Remember,
    ReplyItem,
    ReplyRequest,
    Say,
    Strategy,
    ToolCall,
    ToolOutcome,
    ToolRunner,
)
from media.pool import Priority
from media.tts.base import Clip, Synthesiser, Utterance


class Voice:
    """One session's replies in the making. `post` takes events to the session's queue."""

    def __init__(
        self,
        session_id: str,
        strategy: Strategy,
        tools: ToolRunner,
        synthesiser: Synthesiser,
        speakable: Callable[[str], str],
        post: Callable[[ev.Event], None],
    ) -> None:
        self._session_id = session_id
        self._strategy = strategy
        self._tools = tools
        self._synthesiser = synthesiser
        self._speakable = speakable
        self._post = post
        self._streams: dict[str, gevent.Greenlet] = {}
        self._speech: dict[str, list[Utterance]] = {}
        self._running: dict[str, tuple[ToolCall, gevent.Greenlet]] = {}
        self._calls = count(1)

    def ask(self, reply_id: str, request: ReplyRequest) -> None:
        """Stream a reply from the strategy."""
        self._streams[reply_id] = gevent.spawn(self._stream, reply_id, request)

    def cancel_stream(self, reply_id: str) -> None:
        """Give up the strategy's stream of a reply."""
        stream = self._streams.pop(reply_id, None)
        if stream is not None:
            stream.kill(block=False)

    def cancel(self, reply_id: str) -> None:
        """Give up the stream and all synthesis of a reply."""
        self.cancel_stream(reply_id)
        for utterance in self._speech.pop(reply_id, []):
            utterance.cancel()

    def synthesise(self, effect: ef.Synthesise) -> None:
        """Make audio of one chunk."""

        def on_clip(clip: Clip) -> None:
            self._post(ev.AudioReady(effect.reply_id, effect.chunk, clip))

        def on_error(error: Exception) -> None:
            message = f"speech synthesis failed: {type(error).__name__}"
            self._post(ev.AudioFailed(effect.reply_id, effect.chunk, message))

        priority = Priority.FIRST_AUDIO if effect.urgent else Priority.AUDIO
        text = self._speakable(effect.text)
        try:
            utterance = self._synthesiser.speak(text, on_clip, on_error, priority)
        except Exception as error:  # noqa: BLE001 - an engine may raise anything; the core decides
            on_error(error)
            return
        self._speech.setdefault(effect.reply_id, []).append(utterance)

    def run_tool(self, call: ToolCall) -> None:
        """Run a tool in a greenlet of its own."""
        self._running[call.call_id] = (call, gevent.spawn(self._run, call))

    def cancel_tool(self, call_id: str) -> None:
        """Give up a running tool."""
        _, greenlet = self._running.pop(call_id, (None, None))
        if greenlet is not None:
            greenlet.kill(block=False)

    def close(self) -> None:
        """Give up everything but tools that must finish: those end by themselves, within their limit."""
        for reply_id in {*self._streams, *self._speech}:
            self.cancel(reply_id)
        for call_id, (call, _) in list(self._running.items()):
            if not self._tools.must_finish(call.name):
                self.cancel_tool(call_id)

    def _stream(self, reply_id: str, request: ReplyRequest) -> None:
        try:
            for item in self._strategy.reply(request):
                self._post(self._event(reply_id, item))
        except Exception as error:  # noqa: BLE001 - a strategy may raise anything; the core decides
            self._post(ev.ReplyFailed(reply_id, f"{type(error).__name__}: {error}"))
        else:
            self._post(ev.ReplyEnded(reply_id))
        finally:
            if self._streams.get(reply_id) is gevent.getcurrent():
                del self._streams[reply_id]

    def _event(self, reply_id: str, item: ReplyItem) -> ev.Event:
        match item:
            case Say(text, interruptible, citations):
                return ev.ReplyText(reply_id, text, interruptible, citations)
            case Remember(memory):
                return ev.ReplyMemory(reply_id, memory)
            case Expect():
                return ev.ReplyExpects(reply_id, item)
            case Propose(name, arguments):
                call = ToolCall(f"{self._session_id}-{next(self._calls)}", name, arguments)
                tools = self._tools
                return ev.ToolRequested(reply_id, call, tools.cancellable(name), tools.must_finish(name))

    def _run(self, call: ToolCall) -> None:
        try:
            outcome = self._tools.run(call)
        except Exception as error:  # noqa: BLE001 - runners must not raise; if one does, it failed
            outcome = ToolOutcome(call, ok=False, code="failed", say=type(error).__name__)
        self._running.pop(call.call_id, None)
        self._post(ev.ToolDone(outcome))
