"""What people, machines and screening assistants say first."""

from __future__ import annotations

import pytest

from controller.dialer.machine.verdict import Answerer, judge

PERSON = [
    ("Hello?", 500),
    ("Yes, hello.", 700),
    ("Sarah Johnson speaking.", 1100),
    ("Good morning, Johnson and partners, how can I help?", 2400),
    ("Hello, who's calling please?", 1300),
    ("Who is this?", 700),
    ("Hi, I can't talk right now.", 1400),
    ("", 0),
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
    assert judge("hello", 2600).because == "length"
    assert judge("hello", 600).because == "hello"
    assert judge("", 0).because == "silence"


def test_a_hostile_text_costs_little() -> None:
    assert judge("leave " * 20_000, 100).answerer is Answerer.MACHINE
    assert judge("say your name " * 10_000, 100).answerer is Answerer.MACHINE
