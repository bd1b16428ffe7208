"""What Whisper prints about silence is not believed; what people say is left alone."""

import pytest

from media.asr.text import join_texts
from media.asr.whisper_text import clean

SURE, DOUBT, NO_SPEECH = 0.1, 0.4, 0.7


@pytest.mark.parametrize(
    "text",
    [
        " Thank you, that is all.",
        "My number is 555-0199.",
        "zero zero zero zero zero",
        "No, no, no, no!",
        "我的电话是13800138000。",
        "好的好的好的",
    ],
)
def test_speech_is_left_alone(text: str) -> None:
    assert clean(text, SURE, 1500) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["...", " . . .", "[BLANK_AUDIO]", "(upbeat music)", "♪♪", "", "*sighs*", "（音乐）", "。"],
)
def test_signs_without_words_are_nothing(text: str) -> None:
    assert clean(text, SURE, 1500) == ""


@pytest.mark.parametrize("text", ["you", "You.", "Thanks for watching!", "字幕by索兰娅", "谢谢观看。"])
def test_phantoms_are_believed_only_when_said_clearly(text: str) -> None:
    assert clean(text, SURE, 200) == ""
    assert clean(text, DOUBT, 1500) == ""
    assert clean(text, SURE, 1500) == text


def test_whispers_own_doubt_decides() -> None:
    assert clean("I want to cancel", NO_SPEECH, 1500) == ""
    assert clean("I want to cancel", DOUBT, 1500) == "I want to cancel"


def test_asides_are_taken_out() -> None:
    assert clean("[noise] hello (laughs) there", SURE, 900) == "hello there"


def test_loops_are_said_once() -> None:
    assert clean("thank you " * 30, SURE, 3000) == "thank you"
    assert clean("好" * 60, SURE, 3000) == "好"


def test_texts_join_as_the_language_writes() -> None:
    assert join_texts(["one", "", "two"], "en") == "one two"
    assert join_texts(["我要", "", "取消"], "zh") == "我要取消"
