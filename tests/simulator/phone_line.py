"""A call on a telephone leg as a line: sound in, sound out, and nothing that tells what the bot does.

Responsible for: the caller's frames at their time, what was heard and when, and judging by sound alone
when the bot speaks, is silent, and was cut. It must never know which phone it is, nor the server.

    bot      ==== reply, == of several ===== sentences ====|___HANGOVER_MS___|
             |<------------- one stretch of talk --------->|    bot_is_speaking until here

A phone has no buffer to speak of: a frame is heard when it comes, silence comes as frames too. A late
wake-up of this process makes what it hears seem later, never earlier.

What the bot *understood* a phone can't show; a test may give a `Transcript`, which is looked at a few
times a second and noted as the web's messages `final`, `reply` and `metrics` when they became known.
Without one, two things that sound alike are measured alike: a reply that was cut and one that ended by
itself under the caller's words; an answer and a reply that was held for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any

import gevent
import numpy as np

from tests.simulator.audio import FRAME_MS
from tests.simulator.legs import HEARD_LEVEL, SAME_SOUND_MS, Gap, Sound
from tests.simulator.line import Line, Message, OnMessage, Phase, Refused
from tests.simulator.phone_leg import RATE, PhoneLeg
from tests.simulator.turns import Said

ANSWER_LIMIT_S = 60.0
"""A phone may ring for long; a test that wants less waits on the leg's own events."""
HANGOVER_MS = 450
"""Sentences of one reply have shorter pauses: 200 ms is usual, and 358 ms was the longest of 25."""
CUT_GRACE_MS = 600
"""A bot that still talks so long after the caller's last sample has not let itself be interrupted."""
HELD_MS = 1000
"""A whole reply is told within this after its last sample: later, the silence was not its end."""
GAP_MS = 2 * FRAME_MS
"""No frame for longer than this is a hole in the media: one late frame is none."""
RECORD_SLACK_MS = 2 * FRAME_MS
"""Jitter is not written into a recording as clicks; this much it may be off."""
LOOK_S = 0.2

Transcript = Callable[[], Sequence[Mapping[str, Any]]]
"""The turns recorded so far, as `/api/v1/sessions/<id>` and the bus's `switchtalk::turn` tell them;
may block this greenlet. Raises OSError when it can't know."""


class Fate(StrEnum):
    """What became of a reply that the caller spoke into."""

    WENT_ON = "went_on"
    CUT = "cut"
    ENDED = "ended"  # by itself, meanwhile


class Ear:
    """What was heard, by the moment it came (ms of the call)."""

    def __init__(self, rate: int) -> None:
        self.sounds: list[Sound] = []
        self.gaps: list[Gap] = []
        self._per_ms = rate / 1000
        self._last_frame_ms: float | None = None

    def hear(self, pcm: bytes, at_ms: float) -> None:
        """A frame, the first sample of which is heard at `at_ms`."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32)
        self._note_gap(at_ms)
        loud = np.flatnonzero(np.abs(samples) > HEARD_LEVEL)
        if not len(loud):
            return
        start_ms = at_ms + float(loud[0]) / self._per_ms
        end_ms = at_ms + float(loud[-1] + 1) / self._per_ms
        if self.sounds and start_ms - self.sounds[-1].end_ms < SAME_SOUND_MS:
            self.sounds[-1].end_ms = end_ms
        else:
            self.sounds.append(Sound(start_ms, end_ms))

    def begin_reply(self) -> None:
        """What does not come from here on is a pause between replies, not a gap inside one."""
        self._last_frame_ms = None

    def silent_ms(self, now_ms: float) -> float:
        """How long nothing was heard; infinity if nothing ever was."""
        return now_ms - self.sounds[-1].end_ms if self.sounds else float("inf")

    def stretch_at(self, at_ms: float) -> Sound | None:
        """The talk that went on at this moment, a pause in it allowed."""
        talks = stretches(self.sounds)
        return next((each for each in talks if each.start_ms <= at_ms < each.end_ms), None)

    def pause_ms(self, talk: Sound, from_ms: float, to_ms: float) -> float:
        """When the longest pause in a talk began, of those between the two; its end without any."""
        within = [each for each in self.sounds if talk.start_ms <= each.start_ms < talk.end_ms]
        pauses = [
            (after.start_ms - before.end_ms, before.end_ms)
            for before, after in pairwise(within)
            if from_ms <= before.end_ms <= to_ms
        ]
        return max(pauses, default=(0.0, talk.end_ms))[1]

    def _note_gap(self, at_ms: float) -> None:
        """Media that stops within a reply, and goes on before anybody takes the reply to be over."""
        last_ms, self._last_frame_ms = self._last_frame_ms, at_ms
        if last_ms is None or not self.sounds:
            return
        dry_ms = at_ms - last_ms - FRAME_MS
        if GAP_MS <= dry_ms < HANGOVER_MS and last_ms - self.sounds[-1].end_ms < SAME_SOUND_MS:
            self.gaps.append(Gap(last_ms + FRAME_MS, dry_ms))


def stretches(sounds: Sequence[Sound]) -> list[Sound]:
    """Sounds with pauses of less than HANGOVER_MS between them as one."""
    talks: list[Sound] = []
    for sound in sounds:
        if talks and sound.start_ms - talks[-1].end_ms < HANGOVER_MS:
            talks[-1].end_ms = sound.end_ms
        else:
            talks.append(Sound(sound.start_ms, sound.end_ms))
    return talks


class PhoneLine(Line):
    """One call on a leg that is dialled or rings already. Times are ms since `open`."""

    def __init__(
        self,
        leg: PhoneLeg,
        *,
        noise_dbfs: float = -65,
        record: bool = False,
        transcript: Transcript | None = None,
        on_message: OnMessage | None = None,
    ) -> None:
        super().__init__(RATE, noise_dbfs, record, on_message)
        self.leg = leg
        self.ear = Ear(RATE)
        self.answered_ms: float | None = None
        self._transcript = transcript
        self._turns_known = 0
        leg.on_audio = self._take

    def open(self) -> None:
        """Listen (to early media too) until the call is answered. Raises Refused with its cause."""
        self._start_clock()
        self._greenlets.append(gevent.spawn(self._keep_time))
        self.wait(lambda: self.phase is not Phase.DIALLING, ANSWER_LIMIT_S)
        if self.answered_ms is None:
            self.close()
            raise Refused(self.leg.cause or "no_answer", "the call was not answered")
        if self._transcript:
            self._greenlets.append(gevent.spawn(self._read))

    def ask_to_end(self) -> None:
        """Put the phone down."""
        self.leg.hang_up()

    def close(self) -> None:
        """Leave from this side. May be called twice."""
        self.leg.hang_up()
        self._leave()

    def press(self, digit: str) -> None:
        """One DTMF key."""
        self.leg.press(digit)

    def look(self) -> None:
        """Note the turns that the transcript has more than before. The last one of a call is known
        only after it."""
        turns = self._transcript() if self._transcript else ()
        news, self._turns_known = turns[self._turns_known :], len(turns)
        for turn in news:
            if turn.get("caller_text"):
                self._note("final", {"turn": turn.get("number"), "text": turn["caller_text"]})
            self._note("reply", {**turn, "text": turn.get("heard_text", "")})
            if turn.get("response_ms") is not None:
                self._note("metrics", {"response_ms": turn["response_ms"]})

    @property
    def sounds(self) -> Sequence[Sound]:
        """What was heard so far."""
        return self.ear.sounds

    @property
    def gaps(self) -> Sequence[Gap]:
        """Where frames were missing in the middle of a reply."""
        return self.ear.gaps

    @property
    def waiting_ms(self) -> float:
        """Nothing: what has come was heard."""
        return 0.0

    @property
    def bot_is_speaking(self) -> bool:
        """It was heard within HANGOVER_MS."""
        return self.ear.silent_ms(self.now_ms) < HANGOVER_MS

    @property
    def bot_is_busy(self) -> bool:
        """Speaking: nobody hears a bot think."""
        return self.bot_is_speaking

    @property
    def bot_is_leaving(self) -> bool:
        """Never: a goodbye sounds like all else."""
        return False

    @property
    def end_reason(self) -> str | None:
        """The hang-up cause or SIP code."""
        return self.leg.cause or None

    def clears_ms(self, said: Said) -> Sequence[float]:
        """When the talk that `said` was said into ended because of it."""
        talk = self.ear.stretch_at(said.start_ms) if said.over_bot else None
        return [self._cut_ms(talk, said)] if talk and self._fate(talk, said) is Fate.CUT else []

    def finals_ms(self, said: Said) -> Sequence[float]:
        """A bot that was silent by then, or fell silent, has taken the words as a turn."""
        talk = self.ear.stretch_at(said.start_ms) if said.over_bot else None
        fate = self._fate(talk, said) if talk else Fate.ENDED
        return {Fate.CUT: self.clears_ms(said), Fate.ENDED: [said.start_ms], Fate.WENT_ON: []}[fate]

    def _cut_ms(self, talk: Sound, said: Said) -> float:
        """The end of a talk that was cut. A short word ("stop") may be answered so soon that the answer
        seems to belong to the same stretch."""
        latest_ms = said.end_ms + CUT_GRACE_MS
        if talk.end_ms <= latest_ms:
            return talk.end_ms
        return self.ear.pause_ms(talk, said.start_ms, latest_ms)

    def _fate(self, talk: Sound, said: Said) -> Fate:
        told = next((m for m in self.messages if m.type == "reply" and m.at_ms >= said.start_ms), None)
        in_time = talk.end_ms <= said.end_ms + CUT_GRACE_MS
        if told and (told.body.get("interrupted") or (in_time and self._turns_left_out_before(told))):
            return Fate.CUT
        if self.phase is Phase.OVER and stretches(self.sounds)[-1].end_ms == talk.end_ms:
            return Fate.WENT_ON  # a goodbye
        if told:
            held = told.at_ms > talk.end_ms + HELD_MS
            return Fate.ENDED if in_time and not held else Fate.WENT_ON
        silent = self.now_ms - talk.end_ms >= HANGOVER_MS
        return Fate.CUT if silent and in_time else Fate.WENT_ON

    def _turns_left_out_before(self, told: Message) -> bool:
        """A reply of which nothing counts as heard has no record: then the numbers jump. They do too
        when a caller went on after a pause, and nobody was cut."""
        replies = [message for message in self.messages if message.type == "reply"]
        before = [message.body.get("number") for message in replies[: replies.index(told)]]
        number = told.body.get("number")
        last = before[-1] if before else -1
        return isinstance(number, int) and isinstance(last, int) and number > last + 1

    def _take(self, frame: bytes) -> None:
        at_ms = self.now_ms
        self.ear.hear(frame, at_ms)
        if self.recording:
            heard = self.recording[1]
            late = int(at_ms * RATE / 1000) * 2 - len(heard)
            if late > RECORD_SLACK_MS * RATE // 1000 * 2:
                heard.extend(bytes(late))
            heard.extend(frame)

    def _hear(self) -> None:
        """Frames come by themselves; what is looked at here is the state of the call."""
        if self.microphone.talking:
            self.ear.begin_reply()  # what stops now was cut, or held
        if self.phase is Phase.DIALLING and self.leg.answered.is_set():
            self.answered_ms = self.now_ms
            self.phase = Phase.TALKING
        if self.leg.ended.is_set():
            self.phase = Phase.OVER

    def _say(self, frame: bytes) -> None:
        self.leg.send(frame)

    def _read(self) -> None:
        while self.phase is Phase.TALKING:
            self.look()
            self._tell_waiting()
            gevent.sleep(LOOK_S)
