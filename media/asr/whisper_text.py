"""What Whisper prints when it heard nothing, and other habits, taken out of its text.

Responsible for: text in, text a caller may really have said out. Pure functions; knows nothing of
audio beyond how long and how loud it was.
"""

from __future__ import annotations

import re

NO_SPEECH_LIMIT = 0.6
"""Measured with the window `whisper_engine` fills: speech (57 clips) <= 0.41, noise, a tone and a
cough (20 sounds, each with both models) >= 0.68."""
DOUBTFUL_NO_SPEECH = 0.3
"""Above this, a text that is only a known phantom is not believed."""
SHORT_MS = 700
"""Voice shorter than this that reads as a phantom is not believed."""

PHANTOMS = {
    "you",
    "thank you for watching",
    "thanks for watching",
    "thank you for watching!",
    "bye bye",
    "字幕by索兰娅",
    "请不吝点赞订阅转发打赏支持明镜与点点栏目",
    "谢谢观看",
    "谢谢大家观看",
    "中文字幕志愿者李宗盛",
    "字幕志愿者李宗盛",
}
"""Subtitle leftovers from the training data, without punctuation and case."""

_ASIDE = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]*\*|[♪♫]+|<\|[^|]*\|>")
_LOOP = re.compile(r"(\S)\1{9,}|(.{2,40}?)(?:\s*\2){7,}", re.DOTALL)
_NO_WORD = re.compile(r"^[\W_]*$")
_LETTERS = re.compile(r"[\W_]+")


def clean(text: str, no_speech: float, voiced_ms: float) -> str:
    """The text to believe, "" for none. `no_speech` is Whisper's own doubt (0..1), `voiced_ms` how
    much of the audio was clearly above its noise."""
    if no_speech > NO_SPEECH_LIMIT:
        return ""
    text = _ASIDE.sub(" ", text)
    text = _LOOP.sub(lambda loop: loop[1] or loop[2], text)
    text = " ".join(text.split())
    if _NO_WORD.match(text):
        return ""
    doubtful = no_speech > DOUBTFUL_NO_SPEECH or voiced_ms < SHORT_MS
    if doubtful and _LETTERS.sub("", text.lower()) in _PHANTOM_LETTERS:
        return ""
    return text


_PHANTOM_LETTERS = {_LETTERS.sub("", phantom) for phantom in PHANTOMS}
