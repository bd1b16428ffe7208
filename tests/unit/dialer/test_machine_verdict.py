"""What people, machines and screening assistants say first."""

from __future__ import annotations

import pytest

from controller.dialer.machine.verdict import Answerer, judge, think_again

PERSON = [
    ("Hello?", 500),
    ("Yes, hello.", 700),
    ("Sarah Johnson speaking.", 1100),
    ("Good morning, Johnson and partners, how can I help?", 2400),
    ("Hello, who's calling please?", 1300),
    ("Who is this?", 700),
    ("Hi, I can't talk right now.", 1400),
    ("", 0),
    ("Acme Motors service desk, Julie speaking, good morning.", 3600),
    ("Oak Street Pharmacy, how can I help you today?", 3500),
    ("Can I call you back in ten minutes? I am in a meeting right now.", 4000),
    ("喂，你好。", 800),
    ("喂？", 300),
    ("您好，哪位？", 900),
    ("请问您是哪位？", 1100),
    ("你好，我是李伟。", 1200),
    ("我现在不方便，你等会儿再打吧。", 1900),
]
MACHINE = [
    ("Hi, you've reached Sarah. Please leave a message after the tone.", 4000),
    ("please leave your name and number", 2000),
    ("The person you are calling is not available.", 2300),
    ("You have reached the voicemail box of", 1900),
    ("The number you have dialled", 1500),
    ("I can't come to the phone right now", 1900),
    ("Your call has been forwarded to", 1700),
    ("at the tone please record your message", 2200),
    ("Hello this is Bob I am out sailing with the kids and back on Monday so long", 2400),
    ("Thank you for calling", 5200),
    ("We're sorry we missed your call", 1800),
    ("Welcome to Lakeside Hospital.", 1500),
    ("for opening hours, press one", 1900),
    ("the number you have dialed is not in service", 2300),
    ("普通话服务请按一", 1900),
    ("您拨打的号码是空号", 2000),
    ("您好，您拨打的用户暂时无法接通，请稍后再拨。", 4200),
    ("您呼叫的用户已关机", 2100),
    ("请在提示音后留言", 1600),
    ("嘀声之后请留言", 1700),
    ("这里是语音信箱", 1400),
    ("我现在不在家，有事请留言", 2300),
]
SCREENING = [
    ("Hi, if you record your name and reason for calling, I'll see if this person is available.", 4800),
    ("The person you're calling is using a screening service from Google", 4000),
    ("please say your name and why you're calling", 2400),
    ("May I ask who is calling and what it is about?", 2500),
    ("This call is being screened.", 1600),
    ("您好，我是机主的智能助理，请问您找他有什么事？", 3800),
    ("我是他的电话秘书，请说明您的来电目的", 3000),
    ("请问您的来电原因是什么", 2000),
]


@pytest.mark.parametrize(("text", "ms"), PERSON)
def test_a_person(text: str, ms: int) -> None:
    assert judge(text, ms).answerer is Answerer.PERSON


@pytest.mark.parametrize(("text", "ms"), MACHINE)
def test_a_machine(text: str, ms: int) -> None:
    assert judge(text, ms).answerer is Answerer.MACHINE


@pytest.mark.parametrize(("text", "ms"), SCREENING)
def test_a_screening_assistant(text: str, ms: int) -> None:
    assert judge(text, ms).answerer is Answerer.SCREENING


def test_it_says_what_told() -> None:
    assert judge("leave a message", 900).because == "words"
    assert judge("hello", 3300).because == "length"
    assert judge("hello", 600).because == "hello"
    assert judge("", 0).because == "silence"


@pytest.mark.parametrize("text", ["Hello?", "喂，你好。", "This is Bob.", "Who is this?", "看不懂", ""])
def test_whatever_is_short_is_answered_at_once(text: str) -> None:
    assert judge(text, 1500).quiet_ms == 0


@pytest.mark.parametrize(
    ("text", "ms"),
    [("Good morning, the Miller family.", 500), ("Sarah Johnson speaking, good morning.", 0)],
)
def test_how_long_the_line_must_be_quiet_after_more(text: str, ms: int) -> None:
    assert judge(text, 1900).quiet_ms == ms


@pytest.mark.parametrize(
    ("text", "over_ms", "taken_for"),
    [
        ("Sorry, can you hear me?", 1500, Answerer.PERSON),
        ("Yes, speaking, but who is calling please?", 3000, Answerer.PERSON),
        ("Out sailing with the kids until Monday.", 2600, Answerer.MACHINE),
        ("Out sailing with the kids until Monday.", None, Answerer.PERSON),
        ("I can't come to the phone.", 900, Answerer.MACHINE),
        ("Please leave a message.", None, Answerer.MACHINE),
        ("Please say your name and why you are calling.", 2000, Answerer.SCREENING),
        ("What is this about?", None, Answerer.PERSON),
        ("No, he's not available, please call again later.", None, Answerer.PERSON),
        ("他现在不方便接电话。", None, Answerer.PERSON),
    ],
)
def test_who_was_greeted_is_judged_by_how_they_take_it(
    text: str, over_ms: float | None, taken_for: Answerer
) -> None:
    assert think_again(f"Hello. {text}", text, over_ms).answerer is taken_for


def test_a_hostile_text_costs_little() -> None:
    assert judge("leave " * 20_000, 100).answerer is Answerer.MACHINE
    assert judge("say your name " * 10_000, 100).answerer is Answerer.MACHINE
