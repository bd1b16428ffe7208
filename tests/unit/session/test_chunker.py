"""The chunking rules, in English and Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.session.chunker import Chunker, chunk_all

WHOLE = [
    ("Thank you. What day suits you?", ["Thank you.", "What day suits you?"]),
    (
        "Hello Mr. Smith. Dr. Who called at 9.30 a.m. today.",
        ["Hello Mr. Smith.", "Dr. Who called at 9.30 a.m. today."],
    ),
    ("It costs $3.50. That is 12.5 percent.", ["It costs $3.50.", "That is 12.5 percent."]),
    (
        "Call 555.0199 now. Or write to a.b@c.de. Thanks.",
        ["Call 555.0199 now.", "Or write to a.b@c.de.", "Thanks."],
    ),
    ("See www.example.com/a.b?c=d. Then call us.", ["See www.example.com/a.b?c=d.", "Then call us."]),
    ("See https://example.com. Then call us.", ["See https://example.com.", "Then call us."]),
    ("J. Smith and I. Then we left.", ["J. Smith and I.", "Then we left."]),
    ("We open at 9 a.m. Please come early.", ["We open at 9 a.m.", "Please come early."]),
    ("Room No. 5 is free. No. It is not.", ["Room No. 5 is free.", "No. It is not."]),
    ("1. First do it.\n2. Then do that.", ["1. First do it.", "2. Then do that."]),
    ('He said "stop it." Then he left.', ['He said "stop it."', "Then he left."]),
    ("Really?! Yes, of course.", ["Really?! Yes, of course."]),
    ("OK. Fine.", ["OK. Fine."]),
    ("Wait... what is that?", ["Wait... what is that?"]),
    ("**Bold words.** More text here.", ["**Bold words.**", "More text here."]),
    ("好的。请问您叫什么名字？谢谢！", ["好的。", "请问您叫什么名字？", "谢谢！"]),
    ("您好，这里是预约中心，请问您贵姓？", ["您好，这里是预约中心，", "请问您贵姓？"]),
    ("价格是3.5元。明天见。", ["价格是3.5元。", "明天见。"]),
    ("嗯。好的。", ["嗯。好的。"]),
    ("第一行\n第二行", ["第一行", "第二行"]),
    (
        "So the meeting is on Tuesday, at ten in the morning.",
        ["So the meeting is on Tuesday,", "at ten in the morning."],
    ),
    ("", []),
    ("   \n ", []),
]


@pytest.mark.parametrize(("text", "chunks"), WHOLE)
def test_whole_text(text, chunks):
    assert chunk_all(text) == chunks


@pytest.mark.parametrize(("text", "chunks"), WHOLE)
def test_letter_by_letter_gives_the_same(text, chunks):
    chunker = Chunker()
    got = [c for letter in text for c in chunker.feed(letter)] + chunker.flush()
    assert got == chunks


def test_only_the_first_chunk_may_cut_at_a_clause():
    text = "So the meeting is on Tuesday, at ten. And the other one is on Friday, at nine."
    assert chunk_all(text)[-1] == "And the other one is on Friday, at nine."
    assert chunk_all(text, first=False)[0] == "So the meeting is on Tuesday, at ten."


def test_a_long_chunk_is_cut_at_its_last_clause_or_space():
    english = chunk_all("word " * 100, first=False)
    assert max(map(len, english)) <= 200
    assert all(set(c.split()) == {"word"} for c in english)
    chinese = chunk_all("你好世界" * 40, first=False)
    assert max(map(len, chinese)) <= 61
    assert chunk_all("很" * 50 + "，" + "好" * 30, first=False)[0] == "很" * 50 + "，"


def test_a_stalled_stream_gives_what_can_be_said():
    chunker = Chunker()
    assert chunker.feed("let me just think abou") == []
    assert chunker.may_stall
    assert chunker.stalled() == ["let me just think"]
    assert chunker.feed("t it. Done") == ["about it."]
    short = Chunker()
    short.feed("let me")
    assert short.stalled() == []
    chinese = Chunker()
    chinese.feed("让我想一想这个事情")
    assert "".join(chinese.stalled() + chinese.flush()) == "让我想一想这个事情"


@given(st.text(alphabet="ab .,!?。，好了3\n$*@:/", max_size=300), st.lists(st.integers(1, 7)))
def test_nothing_is_lost_and_pieces_dont_matter(text, sizes):
    chunker = Chunker()
    got, i = [], 0
    for size in [*sizes, len(text)]:
        got += chunker.feed(text[i : i + size])
        i += size
    got += chunker.flush()
    assert "".join("".join(got).split()) == "".join(text.split())
    assert all(c == c.strip() and c for c in got)
