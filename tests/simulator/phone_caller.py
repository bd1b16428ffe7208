"""A simulated person on the phone: the verbs of `caller`, judged by sound alone.

Responsible for what differs from the web: words are known late or never. It must never know which
phone it is.

    with PhoneCaller(freeswitch.call("7000")) as caller:
        caller.waits_for_reply()
        caller.says("my name is Sarah Johnson")
"""

from __future__ import annotations

from tests.simulator.caller import ANSWER_LIMIT_S, Caller
from tests.simulator.line import OnMessage
from tests.simulator.phone_leg import PhoneLeg
from tests.simulator.phone_line import PhoneLine, Transcript

WORDS_LIMIT_S = 3.0
"""The record of a turn follows the end of its reply by less."""


class PhoneCaller(Caller[PhoneLine]):
    """A person with a phone that has dialled, or that rings and is answered by itself."""

    def __init__(
        self,
        leg: PhoneLeg,
        *,
        voice: str = "slt",
        noise_dbfs: float = -65,
        record: bool = False,
        transcript: Transcript | None = None,
        on_message: OnMessage | None = None,
    ) -> None:
        line = PhoneLine(
            leg, noise_dbfs=noise_dbfs, record=record, transcript=transcript, on_message=on_message
        )
        super().__init__(line, voice)
        self._words_are_known = transcript is not None

    def waits_for_reply(self, limit_s: float = ANSWER_LIMIT_S) -> str:
        """Listen until the bot was heard and is silent again; what it said, "" without a transcript.

        Raises CallFailed when its first sound takes longer than `limit_s`, or its end too long.
        """
        super().waits_for_reply(limit_s)
        from_ms = self.said[-1].start_ms if self.said else 0.0
        if self._words_are_known:
            self.line.wait(lambda: self._whole_reply_since(from_ms), WORDS_LIMIT_S)
        return self.bot_text(from_ms)

    def _whole_reply_since(self, from_ms: float) -> bool:
        replies = self.of_type("reply")
        return any(each.at_ms >= from_ms and not each.body.get("interrupted") for each in replies)
