"""Whatever comes in: no exception, no runaway time."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.speakable import speakable

LENGTH = 10_000
PIECES = [
    "1", "1,", "1.", "1-", "1 ", "1:", "1/", "+1", "(1", "$1", "1%", "a", "a.", "a@", "a@b.", "a_",
    "A1", "[", "[](", "![", "[^1", "*", "_", "`", "#", "<", "<a", "【", "|", "-", "- ", "- [ ",
    "> ", "1. ", "\n", " ", "\t=", "&", "&amp;", "%", "~", "No.", "St.", "e.g.", "code ", "Jan 1 ",
    "in 2020", "http://", "http://a.", "第", "验证码", "年", "2个", "😀", "\ud800", "\u202e", "\0",
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_time_grows_no_faster_than_the_text(language):
    slow = []
    for piece in PIECES:
        text = "x" + piece * (LENGTH // len(piece))
        started = process_time()
        speakable(text, language)
        if process_time() - started > 2:
            slow.append(piece)
    # 0.03-0.4 s here; a quadratic pattern takes minutes.
    assert not slow


FRAGMENTS = st.sampled_from(
    [*PIECES, "$", "¥", ",", ".", "9", "99", "0", ":30", "am", "km", "元", "月", "日", "nd", "24/7"]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(FRAGMENTS, max_size=40).map("".join)))
def test_never_raises(text):
    for language in ("en", "zh", "de", "", "x_y"):
        said = speakable(text, language)
        assert isinstance(said, str)
        assert "\n" not in said
        said.encode()


def test_numbers_of_any_size():
    for size in (1, 9, 15, 16, 17, 40):
        for text in ("9" * size, "9" * size + ".5", "$" + "9" * size, "9" * size + "元"):
            assert speakable(text, "en")
            assert speakable(text, "zh")
