"""Does this voice take the turn from the bot? A policy: told what was heard, asked what to do.

    bot     ████████████▁▁▁▁▁▁▁▁▁▁▁▁            ████████████▁▁▁▁▁▁▁▁▁▁▁▁████████
    caller          ▅▅▅▅▅▅▅▅▅▅▅▅▅                       ▅▅▅▅▅▅▅ (mm-hm)
                    │   │    └ words: TAKE              │   │      └ no words: DISMISS
            voice ──┘   └ min_ms: HUSH                  └   └ HUSH

Falling silent early and deciding with words is both quick and forgiving: the caller hears at once
that they are listened to, and a backchannel costs the bot only a short pause. Voice shorter than
`min_ms` (a cough, a click) is never noticed.
"""

from __future__ import annotations

from enum import Enum

from controller.session.profile import BargeInSettings
from controller.session.words import BACKCHANNELS, is_backchannel, words


class Verdict(Enum):
    """What to do about the voice over the bot."""

    WAIT = "wait"
    HUSH = "hush"  # fall silent, keep the rest of the reply
    TAKE = "take"  # it is the caller's turn
    DISMISS = "dismiss"  # go on where the bot was


class BargeIn:
    """One stretch of voice while the bot has the turn.

    `early_answer`: it began in the last moments of a reply, when even "okay" is an answer.
    """

    def __init__(self, settings: BargeInSettings, language: str, *, early_answer: bool) -> None:
        self._settings = settings
        self._early_answer = early_answer
        listed = settings.backchannels
        if listed is None:
            listed = BACKCHANNELS.get(language.partition("-")[0], BACKCHANNELS["en"])
        self._backchannels = listed
        self._text = ""
        self.hushed = False

    def voice(self, voiced_ms: int) -> Verdict:
        """So much voice by now."""
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

    def text(self, text: str, *, settled: bool) -> Verdict:
        """Words by now; `settled`: the caller has paused or stopped, so no more will come of it."""
        self._text = text
        if self._counts(text):
            return Verdict.TAKE
        return Verdict.DISMISS if settled else Verdict.WAIT

    def _counts(self, text: str) -> bool:
        return len(words(text)) >= self._settings.min_words and not is_backchannel(
            text, self._backchannels
        )

    def _only_backchannel(self) -> bool:
        return bool(words(self._text)) and is_backchannel(self._text, self._backchannels)
