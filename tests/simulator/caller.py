"""A simulated person who talks on a line, in real time, by a script that reads like the call.

Responsible for: the verbs of a script and what the person heard, said and measured. It must never
know how a line works, nor the server's insides: all is what a person could hear or see. `Caller` is
the person on any line; here is the one of the web, the one on the phone is in `phone_caller`.

    with WebCaller(server.ws_url, bot="appointment_en") as caller:
        caller.waits_for_reply()
        caller.says("my name is Sarah Johnson")
        caller.hears("Sarah")
        caller.interrupts("wait a second", after_ms=800)
        caller.waits_for_reply()
        print(caller.turns[-1].response_ms)

Callers are greenlets: many share one process and its hub, which nobody may block meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from tests.simulator.audio import FRAME_MS, Clip, find_clip, write_stereo
from tests.simulator.legs import Gap, Loudspeaker
from tests.simulator.line import Line, Message, OnMessage, Phase
from tests.simulator.turns import Said, Turn, answer_from_ms, measure
from tests.simulator.web_line import LineOptions, WebLine

ANSWER_LIMIT_S = 6.0
"""A person who hears nothing for so long takes it that nobody is there."""
REPLY_LIMIT_S = 20.0
"""Nobody listens longer to one reply; the longest prompts take 10 s to say."""
QUIET_MS = 300
NEARBY_TICKS = 10
"""Around a gap, 200 ms: the most that a server may be ahead."""
QUIET_MESSAGES = ("partial", "vad", "metrics")
"""Too many to be of use in a transcript."""


class CallFailed(AssertionError):
    """The conversation did not go as the script says; the message carries the transcript."""


SomeLine = TypeVar("SomeLine", bound=Line)


class Caller(Generic[SomeLine]):
    """A person on a line. `voice` speaks the texts of the manifest."""

    def __init__(self, line: SomeLine, voice: str) -> None:
        self.line = line
        self.voice = voice
        self.said: list[Said] = []

    def dials(self) -> Self:
        """Connect and wait until the call is taken. Raises Refused, OSError."""
        self.line.open()
        return self

    def hangs_up(self, limit_s: float = 5.0) -> None:
        """Ask for the end, wait for it, and leave. Nothing to do when the call is over."""
        if self.line.phase is Phase.TALKING:
            self.line.ask_to_end()
            self.line.wait(lambda: self.over, limit_s)
        self.line.close()

    def __enter__(self) -> Self:
        return self.dials()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.hangs_up()
        else:
            self.line.close()

    # The script

    def says(self, words: str | Clip) -> Said:
        """Speak a text of the manifest, or any clip; returns when its last sample is sent."""
        clip = find_clip(words, self.voice, self.rate) if isinstance(words, str) else words
        over_bot = self.bot_is_speaking
        start_ms, end_ms = self.line.microphone.say(clip)
        said = Said(clip.text, clip.kind, start_ms, end_ms, over_bot)
        self.said.append(said)
        self.line.wait(lambda: not self.line.microphone.talking, clip.ms / 1000 + 5)
        return said

    def interrupts(self, words: str | Clip, after_ms: float = 500) -> Said:
        """Speak when the bot has been audible for `after_ms` of its reply.

        Raises CallFailed when the bot is silent by then: there is nothing to interrupt. A goodbye
        can't be interrupted, so that nobody needs to try.
        """
        self._must(lambda: self._heard_ms() >= after_ms or self._answered, f"{after_ms:g} ms of a reply")
        if not self.bot_is_speaking:
            raise self._failure(f"the reply was over before {words!r} could interrupt it")
        if self.line.bot_is_leaving:
            raise self._failure(f"{words!r} would interrupt the goodbye")
        return self.says(words)

    def waits(self, ms: float) -> None:
        """Be silent for so long, or until the call is over."""
        until_ms = self.line.now_ms + ms
        self.line.wait(lambda: self.line.now_ms >= until_ms, ms / 1000 + 1)

    def waits_for_reply(self, limit_s: float = ANSWER_LIMIT_S) -> str:
        """Listen until the bot has answered and is silent again; returns what it said.

        Raises CallFailed when its first sound takes longer than `limit_s`, or its end too long.
        """
        self._must(lambda: self._heard_ms() > 0, "an answer", limit_s)
        self._must(lambda: self._answered, "the end of a reply")
        return self.bot_text(self.said[-1].start_ms if self.said else 0.0)

    def waits_for_silence(self, limit_s: float = REPLY_LIMIT_S) -> None:
        """Listen until the bot has been quiet for QUIET_MS: between two states it may seem so for a
        moment. Raises CallFailed."""
        quiet_from_ms = self.line.now_ms

        def quiet() -> bool:
            nonlocal quiet_from_ms
            if self.bot_is_busy:
                quiet_from_ms = self.line.now_ms
            return self.over or self.line.now_ms - quiet_from_ms >= QUIET_MS

        self._must(quiet, "the bot's silence", limit_s)

    def hears(self, pattern: str, limit_s: float = REPLY_LIMIT_S) -> str:
        """Wait for reply text that matches, since the caller last spoke. Raises CallFailed."""
        wanted = re.compile(pattern, re.IGNORECASE)
        from_ms = self.said[-1].start_ms if self.said else 0.0
        self._must(lambda: bool(wanted.search(self.bot_text(from_ms))), f"/{pattern}/", limit_s)
        return self.bot_text(from_ms)

    def presses(self, digit: str) -> None:
        """One DTMF key."""
        self.line.press(digit)

    # What happened

    @property
    def rate(self) -> int:
        """Sample rate of both legs, Hz."""
        return self.line.rate

    @property
    def over(self) -> bool:
        """The call has ended, by either side, and all of it was heard."""
        return self.line.silent_for_good

    @property
    def bot_is_speaking(self) -> bool:
        """As far as a person on this line can tell."""
        return self.line.bot_is_speaking

    @property
    def bot_is_busy(self) -> bool:
        """Speaking, or about to, as far as this line shows it."""
        return not self.over and self.line.bot_is_busy

    @property
    def turns(self) -> list[Turn]:
        """Everything the caller said so far, measured."""
        line = self.line
        starts_ms = [said.start_ms for said in self.said]
        untils_ms = [*starts_ms[1:], float("inf")] if starts_ms else []
        return [
            measure(said, until_ms, line.sounds, line.clears_ms(said), line.finals_ms(said))
            for said, until_ms in zip(self.said, untils_ms, strict=True)
        ]

    def stutters(self, limit_ms: float) -> list[Gap]:
        """Gaps inside replies longer than `limit_ms`, not counting what this process was late itself
        around that time: a machine that starves both is not the server's fault."""
        late_ms = self.line.late_ms
        found = []
        for gap in self.line.gaps:
            first = int(gap.at_ms / FRAME_MS) - NEARBY_TICKS
            last = int((gap.at_ms + gap.ms) / FRAME_MS) + NEARBY_TICKS
            if gap.ms - max(late_ms[max(0, first) : last], default=0.0) > limit_ms:
                found.append(gap)
        return found

    def of_type(self, kind: str) -> list[Message]:
        """All messages of one type so far."""
        return [message for message in self.line.messages if message.type == kind]

    def bot_text(self, from_ms: float = 0.0) -> str:
        """What the bot began to say from then on, chunks joined by a space."""
        return self._texts("reply", from_ms)

    def understood(self, from_ms: float = 0.0) -> str:
        """The final transcripts from then on."""
        return self._texts("final", from_ms)

    @property
    def end_reason(self) -> str | None:
        """Why the call ended; None if nobody has said so."""
        return self.line.end_reason

    def transcript(self) -> str:
        """The call as text, for a person who wonders what went wrong."""
        lines = [(said.start_ms, f"caller says   {said.text}") for said in self.said]
        for message in self.line.messages:
            if message.type not in QUIET_MESSAGES:
                told = message.body.get("text") or message.body.get("state") or message.body
                lines.append((message.at_ms, f"server {message.type:<7}{told}"))
        return "\n".join(f"{at_ms / 1000:8.2f} s  {line}" for at_ms, line in sorted(lines))

    def save(self, path: Path) -> None:
        """Write the stereo recording, caller left. Raises ValueError without `record=True`."""
        if self.line.recording is None:
            raise ValueError("this call was not recorded: create the caller with record=True")
        caller, bot = self.line.recording
        write_stereo(path, bytes(caller), bytes(bot), self.rate)

    def _texts(self, kind: str, from_ms: float) -> str:
        since = [message for message in self.of_type(kind) if message.at_ms >= from_ms]
        return " ".join(str(message.body.get("text", "")) for message in since)

    def _answer_from_ms(self) -> float:
        if not self.said:
            return 0.0
        said = self.said[-1]
        return answer_from_ms(said, self.line.clears_ms(said), self.line.finals_ms(said))

    @property
    def _answered(self) -> bool:
        return self._heard_ms() > 0 and not self.bot_is_busy

    def _heard_ms(self) -> float:
        """How much was heard of the answer to what was said last."""
        from_ms = self._answer_from_ms()
        return sum(max(0.0, each.end_ms - max(each.start_ms, from_ms)) for each in self.line.sounds)

    def _must(self, predicate: Callable[[], bool], what: str, limit_s: float = REPLY_LIMIT_S) -> None:
        if not self.line.wait(predicate, limit_s):
            ended = f"the call ended ({self.end_reason})" if self.over else f"{limit_s:g} s passed"
            raise self._failure(f"{ended} while waiting for {what}")

    def _failure(self, what: str) -> CallFailed:
        return CallFailed(f"{what}\n{self.transcript()}")


class WebCaller(Caller[WebLine]):
    """A person on the web: sees the bot's state and words, and may type."""

    def __init__(
        self,
        url: str,
        *,
        bot: str | None = None,
        voice: str = "slt",
        rate: int = 16000,
        noise_dbfs: float = -65,
        variables: dict[str, Any] | None = None,
        record: bool = False,
        on_message: OnMessage | None = None,
    ) -> None:
        options = LineOptions(bot, rate, noise_dbfs, variables, record)
        super().__init__(WebLine(url, options, on_message), voice)

    @property
    def loudspeaker(self) -> Loudspeaker:
        """What was heard."""
        return self.line.loudspeaker

    def types(self, text: str) -> None:
        """A typed turn."""
        self.line.send({"type": "text", "text": text})
