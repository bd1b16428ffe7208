"""Does this voice take the turn from the bot? A policy: told what was heard, asked what to do.

    bot     ████████████▁▁▁▁▁▁▁▁▁▁▁▁            ████████████▁▁▁▁▁▁▁▁▁▁▁▁████████
    caller          ▅▅▅▅▅▅▅▅▅▅▅▅▅                       ▅▅▅▅▅▅▅ (mm-hm)
                    │   │    └ words: TAKE              │   │      └ no words: DISMISS
            voice ──┘   └ min_ms: HUSH                  └   └ HUSH

Falling silent early and deciding with words is both quick and forgiving: the caller hears at once
that they are listened to, and a backchannel costs the bot only a short pause. Voice shorter than
`min_ms` (a cough, a click) is never noticed. A recogniser's words for less than `take_ms` of voice are
guesses ("uh-huh" comes out as "no, no"), so they count only when they answer what the bot has asked, or
ask it to stop.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from controller.session.profile import BargeInSettings
from controller.session.words import BACKCHANNELS, asks_for_floor, is_backchannel, words

TRUSTED_MS = 1000
"""What a recogniser makes of half an "mm-hm" is anything ("I'm", "hmm, no"); of a second's voice it
isn't."""


class Verdict(Enum):
    """What to do about the voice over the bot."""

    WAIT = "wait"
    HUSH = "hush"  # fall silent, keep the rest of the reply
    TAKE = "take"  # it is the caller's turn
    DISMISS = "dismiss"  # go on where the bot was


class BargeIn:
    """One stretch of voice while the bot has the turn.

    `early_answer`: it began in the last moments of a reply, when even "okay" is an answer.
    `answers(text)`: whether these words answer what the bot has asked.
    """

    def __init__(
        self,
        settings: BargeInSettings,
        language: str,
        *,
        early_answer: bool,
        answers: Callable[[str], bool] | None = None,
    ) -> None:
        self._settings = settings
        self._language = language
        self._answers = answers
        self._early_answer = early_answer
        listed = settings.backchannels
        if listed is None:
            listed = BACKCHANNELS.get(language.partition("-")[0], BACKCHANNELS["en"])
        self._backchannels = listed
        self._text = ""
        self._voiced_ms = 0
        self.hushed = False

    def voice(self, voiced_ms: int) -> Verdict:
        """So much voice by now."""
        self._voiced_ms = voiced_ms
        if voiced_ms < self._settings.min_ms:
            return Verdict.WAIT
        if self._early_answer:
            return Verdict.TAKE
        if voiced_ms >= self._settings.confirm_ms and not self._only_backchannel():
            return Verdict.TAKE
        if self.hushed:
            return Verdict.WAIT
        self.hushed = True
        return Verdict.HUSH

    def words(self, text: str) -> Verdict:
        """Words so far, while the voice may go on. The bot is silent already, so there is no hurry:
        only much voice is believed, or a plea to stop."""
        self._text = text
        sure = self._voiced_ms >= TRUSTED_MS or asks_for_floor(text, self._language)
        return Verdict.TAKE if sure and self._counts(text) else Verdict.WAIT

    def pause(self, text: str) -> Verdict:
        """Words up to a pause, which may be the end: enough to tell a backchannel."""
        verdict = self.words(text)
        return verdict if verdict is Verdict.TAKE or self._counts(text) else Verdict.DISMISS

    def end(self, text: str) -> Verdict:
        """All the words: it is the caller's turn, or it was nothing."""
        if self._early_answer:
            return Verdict.TAKE if words(text) else Verdict.DISMISS
        return Verdict.TAKE if self._counts(text) and self._is_sure(text) else Verdict.DISMISS

    def _is_sure(self, text: str) -> bool:
        if self._voiced_ms >= self._settings.take_ms or asks_for_floor(text, self._language):
            return True
        return self._answers is not None and self._answers(text)

    def _counts(self, text: str) -> bool:
        return len(words(text)) >= self._settings.min_words and not is_backchannel(
            text, self._backchannels
        )

    def _only_backchannel(self) -> bool:
        return bool(words(self._text)) and is_backchannel(self._text, self._backchannels)
