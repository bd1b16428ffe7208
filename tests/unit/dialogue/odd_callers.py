"""Seven kinds of callers who answer anything but the question, in English and Chinese.

A caller is told what a person on the line would know (`Seat`) and decides what to do next. `choose`
picks from their lines: in a fixed order (`InOrder`, a scripted caller) or at random (`random.Random`).
Knows no flow by name: sensible answers are found by the type of the open slot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from controller.dialogue.flow import Flow
from controller.dialogue.flow.memory import Memory, Phase
from controller.dialogue.flow.nodes.ask import AskNode
from controller.dialogue.slots import ChoiceSlot, RegexSlot

T = TypeVar("T")


class Chooser(Protocol):
    """A `random.Random`, or `InOrder`."""

    def choice(self, seq: Sequence[T], /) -> T:
        """One of them."""
        ...


class InOrder:
    """Everything in its turn, beginning at `start`."""

    def __init__(self, start: int) -> None:
        self._next = start

    def choice(self, seq: Sequence[T], /) -> T:
        """The next one."""
        self._next += 1
        return seq[self._next % len(seq)]


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a caller sits: the flow, its language, where it is and how many keys make an answer."""

    flow: Flow
    language: str
    memory: Memory
    keys: int


@dataclass(frozen=True, slots=True)
class Says:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Presses:
    """Keys."""

    keys: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """A silence, long enough for the bot to ask again."""


Act = Says | Presses | Nothing
Caller = Callable[[Seat, Chooser], Act]

ANSWERS: dict[str, dict[str, tuple[str, ...]]] = {
    "yes_no": {"en": ("yes", "no", "yeah sure", "nope"), "zh": ("是的", "不是", "好的", "不用")},
    "rating": {"en": ("five", "one", "a four", "11"), "zh": ("五分", "一分", "四", "十一分")},
    "integer": {"en": ("two", "twelve", "minus one"), "zh": ("两个", "十二", "负一")},
    "decimal": {"en": ("two point five", "3.14"), "zh": ("二点五", "三点一四")},
    "money": {"en": ("twelve dollars fifty", "80"), "zh": ("十二块五", "八十元")},
    "digits": {
        "en": ("four two seven nine", "1234", "double one two", "4 2"),
        "zh": ("四二七九", "幺二三四", "一一二", "四二"),
    },
    "phone": {"en": ("020 7946 0018",), "zh": ("幺三八零零幺三八零零零",)},
    "name": {
        "en": ("it's David", "my name is Sarah Johnson", "Loki"),
        "zh": ("我叫李伟", "我姓王", "天上的云"),
    },
    "date": {
        "en": ("next Friday", "the fifth", "tomorrow", "yesterday"),
        "zh": ("下周五", "五号", "明天", "昨天"),
    },
    "time": {"en": ("at ten", "half past two", "at eleven pm"), "zh": ("十点", "两点半", "晚上十一点")},
    "day_time": {
        "en": ("next Tuesday at ten", "Thursday", "in the morning", "at eleven pm", "yesterday"),
        "zh": ("下周二上午十点", "星期四", "上午", "晚上十一点", "昨天"),
    },
    "email": {"en": ("li dot wei at example dot com",), "zh": ("li wei 艾特 example 点 com",)},
    "free_text": {"en": ("it took too long", "nothing"), "zh": ("等得太久了", "没有")},
}
CHAT = {
    "en": (
        "well you know it's a funny thing because only yesterday my neighbour was saying",
        "hello dear how are you today I hope the weather is nice where you are",
        "anyway as I was saying the dog got out again and then the postman came and",
        "oh that reminds me of my sister's wedding it rained all day in 1987 and we had four cakes",
    ),
    "zh": (
        "哎呀你知道吗昨天我邻居还在说这个事情呢",
        "你好你好今天天气不错你那边怎么样啊",
        "反正我刚才说到哪了狗又跑出去了然后邮递员来了",
        "说起来我妹妹一九八七年结婚那天下了一整天的雨做了四个蛋糕",
    ),
}
CHANGES = {
    "en": ("no, I meant Friday", "I want to change the time", "the name", "go back", "that's wrong",
           "no wait, the other one", "not that", "actually I changed my mind", "no", "sorry, four",
           "I'd like to change my answer", "no, twelve", "scratch that"),
    "zh": ("不对我是说星期五", "我想改一下预约时间", "名字", "上一个问题", "不对", "等等换另一个",
           "不是这个", "我改主意了", "不是", "说错了是四", "我想改一下", "不对是十二", "重新来"),
}  # fmt: skip
ASIDES = {
    "en": ("where can I park", "how much is it", "is it going to rain", "do you sell bicycles",
           "who is this", "are you a robot", "what's the time", "where is my order", "thanks", "mm-hm",
           "wait a second", "can you repeat that please", "sorry can I say something", "how long",
           "I have already paid", "there is a mistake", "let me speak to somebody", "hold on please"),
    "zh": ("哪里可以停车", "这个多少钱", "明天会下雨吗", "你们卖自行车吗", "你是谁", "你是机器人吗",
           "现在几点", "我的订单到哪里了", "谢谢", "嗯", "等一等", "请再说一遍", "不好意思打断一下",
           "要多久", "我已经付过了", "账单有问题", "我要找人工", "停一下"),
}  # fmt: skip
SWEARING = {
    "en": ("shit", "what the hell", "oh for fuck's sake", "you stupid machine", "piss off", "damn it",
           "shut up", "stop calling me you bastards", "go to hell"),
    "zh": ("他妈的", "什么鬼东西", "傻逼机器", "滚", "烦死了", "闭嘴", "别再打了混蛋", "去死"),
}  # fmt: skip
ELSEWHERE = {
    "en": (
        "wie bitte ich verstehe kein Englisch",
        "no hablo inglés",
        "我听不懂英语",
        "moshi moshi",
        "да",
    ),
    "zh": ("sorry I don't speak Chinese", "wie bitte", "no entiendo", "もしもし", "да"),
}
LETTERS = {
    "en": ("the the", "...", "", "I", "US please", "7"),
    "zh": ("上五", "……", "", "变", "那个", "七"),
}


def _answer(seat: Seat, choose: Chooser, language: str) -> Act:
    """What the open question wants, or nearly."""
    node = seat.flow.node(seat.memory.node)
    if not isinstance(node, AskNode) or seat.memory.phase is not Phase.ANSWER:
        return Says(choose.choice(ANSWERS["yes_no"][language]))
    return Says(choose.choice(_answers(seat.flow.slots[node.slot], language)))


def _answers(slot: Any, language: str) -> Sequence[str]:
    if isinstance(slot, ChoiceSlot):
        return [word for option in slot.options for word in option.words.get(language, ())]
    if isinstance(slot, RegexSlot):
        return slot.examples or ("A1",)
    return ANSWERS[slot.type][language]


def _other(language: str) -> str:
    return "zh" if language == "en" else "en"


def _weighted(choose: Chooser, **weights: int) -> str:
    return choose.choice([kind for kind, weight in weights.items() for _ in range(weight)])


def silent(seat: Seat, choose: Chooser) -> Act:
    """Says nothing, and when something then hardly anything."""
    match _weighted(choose, nothing=7, sound=2, answer=1):
        case "nothing":
            return Nothing()
        case "sound":
            return Says(choose.choice(LETTERS[seat.language]))
        case _:
            return _answer(seat, choose, seat.language)


def talkative(seat: Seat, choose: Chooser) -> Act:
    """The answer, if there is one, stands somewhere in a story."""
    words = [choose.choice(CHAT[seat.language])]
    for _ in range(choose.choice((0, 1, 2))):
        answer = _answer(seat, choose, seat.language)
        words += [answer.text if isinstance(answer, Says) else "", choose.choice(CHAT[seat.language])]
    return Says((". " if seat.language == "en" else "。").join(words))


def changes_mind(seat: Seat, choose: Chooser) -> Act:
    """Answers, and takes it back."""
    if _weighted(choose, answers=6, changes=4) == "answers":
        return _answer(seat, choose, seat.language)
    return Says(choose.choice(CHANGES[seat.language]))


def off_topic(seat: Seat, choose: Chooser) -> Act:
    """Has questions and remarks."""
    if _weighted(choose, asides=7, answers=3) == "answers":
        return _answer(seat, choose, seat.language)
    return Says(choose.choice(ASIDES[seat.language]))


def swears(seat: Seat, choose: Chooser) -> Act:
    """Is angry, and answers now and then."""
    match _weighted(choose, swears=6, both=2, answers=2):
        case "swears":
            return Says(choose.choice(SWEARING[seat.language]))
        case "both":
            answer = _answer(seat, choose, seat.language)
            first = choose.choice(SWEARING[seat.language])
            return Says(f"{first} {answer.text}" if isinstance(answer, Says) else first)
        case _:
            return _answer(seat, choose, seat.language)


def wrong_language(seat: Seat, choose: Chooser) -> Act:
    """Speaks another language, with scraps of the right one."""
    match _weighted(choose, other=5, answer=3, right=2):
        case "other":
            return Says(choose.choice(ELSEWHERE[seat.language]))
        case "answer":
            return _answer(seat, choose, _other(seat.language))
        case _:
            return _answer(seat, choose, seat.language)


def keys_only(seat: Seat, choose: Chooser) -> Act:
    """Never says a word."""
    match _weighted(choose, keys=8, one=3, end=1, nothing=1):
        case "keys":
            return Presses("".join(choose.choice("1234567890") for _ in range(seat.keys)))
        case "one":
            return Presses(choose.choice("1234567890"))
        case "end":
            return Presses(choose.choice("*#"))
        case _:
            return Nothing()


CALLERS: tuple[Caller, ...] = (
    silent, talkative, changes_mind, off_topic, swears, wrong_language, keys_only,
)  # fmt: skip
