"""Slots in Chinese: what callers say, what a Whisper prints for it, and what is understood.

Now is Wednesday the 18th of March 2026, ten in the morning.
"""

from __future__ import annotations

import pytest

from controller.dialogue.languages import language_of
from tests.unit.dialogue.slot_cases import NOTHING, understood

ZH = language_of("zh")

YES_NO = [
    ("是的", "yes"),
    ("是的。", "yes"),
    ("不是", "no"),
    ("不是。", "no"),
    ("对", "yes"),
    ("对。", "yes"),
    ("好的可以", "yes"),
    ("好的,可以。", "yes"),
    ("好的，可以。", "yes"),
    ("不用了谢谢", "no"),
    ("不用了,谢谢。", "no"),
    ("没错", "yes"),
    ("没错。", "yes"),
    ("不对", "no"),
    ("不对。", "no"),
    ("嗯", "yes"),
    ("好", "yes"),
    ("好啊", "yes"),
    ("行", "yes"),
    ("当然可以", "yes"),
    ("没问题", "yes"),
    ("没空", "no"),
    ("不方便", "no"),
    ("算了吧", "no"),
    ("嗯，不是", "no"),
    ("不好意思，可以", "yes"),
    ("下次吧", "no"),
    ("天气", NOTHING),
    ("", NOTHING),
    ("也许", NOTHING),
    ("O K", NOTHING),
    ("ok", "yes"),
]

CHOICE = [
    ("第一个", "red"),
    ("第1个。", "red"),
    ("我选第二个", "green"),
    ("我选第2个。", "green"),
    ("三号", "blue"),
    ("3号。", "blue"),
    ("3", "blue"),
    ("三", "blue"),
    ("二", "green"),
    ("最后一个", "blue"),
    ("蓝色", "blue"),
    ("我要蓝色的", "blue"),
    ("草的颜色", "green"),
    ("选项二", "green"),
    ("红色还是蓝色", "refused which_of_them"),
    ("第七个", NOTHING),
    ("不知道", NOTHING),
]

RATING = [
    ("我给四分", "4"),
    ("我给4分。", "4"),
    ("五分", "5"),
    ("5", "5"),
    ("三", "3"),
    ("两分", "2"),
    ("一分", "1"),
    ("四", "4"),
    ("是", "4"),
    ("非常满意", "5"),
    ("非常满意。", "5"),
    ("很满意", "5"),
    ("十分满意", "5"),
    ("满意", "4"),
    ("一般", "3"),
    ("还可以", "3"),
    ("不太满意", "2"),
    ("不满意", "2"),
    ("非常不满意", "1"),
    ("很差", "1"),
    ("六分", NOTHING),
    ("不知道", NOTHING),
    ("两分或者三分", NOTHING),
]

NAME = [
    ("我叫李伟", "李伟"),
    ("我叫李伟。", "李伟"),
    ("我是王小明", "王小明"),
    ("我是王小明。", "王小明"),
    ("我姓张", "张"),
    ("我姓张。", "张"),
    ("免贵姓陈", "陈"),
    ("李伟", "李伟"),
    ("我的名字是赵丽", "赵丽"),
    ("欧阳娜娜", "欧阳娜娜"),
    ("你好，我叫刘洋", "刘洋"),
    ("叫我小李吧", "小李"),
    ("我叫David", "David"),
    ("嗯，王芳", "王芳"),
    ("我姓司马", "司马"),
    ("我姓张，叫张伟", "张伟"),
    ("我是来预约的", NOTHING),
    ("高兴", NOTHING),
    ("不知道", NOTHING),
    ("请帮我转人工客服", NOTHING),
    ("下周二", NOTHING),
    ("这个多少钱", NOTHING),
    ("", NOTHING),
    ("是的", NOTHING),
    ("你好", NOTHING),
]

MOMENT = [
    ("下周二上午十点半", "2026-03-24T10:30"),
    ("下周二上午10点半。", "2026-03-24T10:30"),
    ("下週二上午10:30", "2026-03-24T10:30"),
    ("明天早上", "2026-03-19 … morning"),
    ("明天早上。", "2026-03-19 … morning"),
    ("星期四下午三点", "2026-03-19T15:00"),
    ("星期四下午3点。", "2026-03-19T15:00"),
    ("七月四号", "2026-07-04 …"),
    ("7月4号。", "2026-07-04 …"),
    ("7月4日", "2026-07-04 …"),
    ("不对我是说星期五", "2026-03-20 …"),
    ("不对,我是说星期五。", "2026-03-20 …"),
    ("明天下午两点", "2026-03-19T14:00"),
    ("后天上午九点一刻", "2026-03-20T09:15"),
    ("大后天下午四点三刻", "2026-03-21T16:45"),
    ("礼拜一下午差五分三点", "2026-03-23T14:55"),
    ("周五三点二十", "2026-03-20T15:20"),
    ("下下周一九点", "2026-03-30T09:00"),
    ("今天中午", "2026-03-18T12:00"),
    ("今天中午十二点", "2026-03-18T12:00"),
    ("三天后下午一点", "2026-03-21T13:00"),
    ("二十四号上午十点", "2026-03-24T10:00"),
    ("24号星期二上午10点", "2026-03-24T10:00"),
    ("四月二十一号十一点", "2026-04-21T11:00"),
    ("明年一月五号九点", "2027-01-05T09:00"),
    ("两周后的上午九点", "2026-04-01T09:00"),
    ("十点", "… 10:00"),
    ("三点半", "… 15:30"),
    ("下午", "… afternoon"),
    ("上午九点零五分", "… 09:05"),
    ("15点", "… 15:00"),
    ("昨天上午十点", "refused day_passed"),
    ("今天上午九点", "refused day_passed"),
    ("星期天上午十点", "refused day_closed"),
    ("周一晚上八点", "refused time_closed"),
    ("二月三十号", "refused no_such_day"),
    ("周二或者周三十点", "refused which_of_them"),
    ("不知道", NOTHING),
    ("我的订单到哪里了", NOTHING),
    ("等一下", NOTHING),
]

DIGITS = [
    ("四二七九", "4279"),
    ("4279", "4279"),
    ("四 二 七 九。", "4279"),
    ("零八三一五", "08315"),
    ("08315。", "08315"),
    ("我的电话是一三八零零一三八零零零", "13800138000"),
    ("我的电话是13800138000。", "13800138000"),
    ("幺三八零零幺三八零零零", "13800138000"),
    ("138-0013-8000", "13800138000"),
    ("一二", "12 …"),
    ("没有", NOTHING),
]

FREE = [
    ("等待时间太长了", "等待时间太长了"),
    ("没有", ""),
    ("没有别的了", ""),
    ("谢谢没有别的了", ""),
    ("不用了，谢谢", ""),
    ("没什么", ""),
    ("", NOTHING),
]

TABLES = {
    "yes_no": YES_NO,
    "choice": CHOICE,
    "rating": RATING,
    "name": NAME,
    "moment": MOMENT,
    "digits": DIGITS,
    "free": FREE,
}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [(kind, text, expected) for kind, table in TABLES.items() for text, expected in table],
)
def test_understands(kind: str, text: str, expected: str) -> None:
    assert understood(kind, text, ZH) == expected


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        ("下周二上午九点半", "二十四号星期二上午九点半"),
        ("七月四号下午两点", "七月四号星期六下午两点"),
        ("明天中午十二点", "十九号星期四中午十二点"),
        ("周一上午十点零五分", "二十三号星期一上午十点零五分"),
    ],
)
def test_reads_a_moment_back_as_people_say_it(raw: str, spoken: str) -> None:
    assert understood("moment", raw, ZH, what="spoken") == spoken


@pytest.mark.parametrize(
    ("kind", "text", "certain"),
    [
        ("yes_no", "是的", True),
        ("yes_no", "不是", True),
        ("yes_no", "是的但是", False),
        ("rating", "四分", True),
        ("rating", "四分或者", False),
        ("moment", "星期四下午三点", True),
        ("moment", "星期四下午三点嗯", False),
        ("moment", "星期四下午", False),
        ("name", "我叫李伟", False),
        ("free", "等待时间", False),
        ("choice", "第一个", True),
    ],
)
def test_only_a_whole_answer_is_certain(kind: str, text: str, certain: bool) -> None:
    assert (understood(kind, text, ZH, what="certainty") == "certain") is certain


def test_a_time_adds_to_a_day_said_before() -> None:
    assert understood("moment", "十点", ZH, before="星期五") == "2026-03-20T10:00"
    assert understood("moment", "星期五", ZH, before="十点") == "2026-03-20T10:00"
    assert understood("moment", "不对我是说星期五", ZH, before="星期四下午三点") == "2026-03-20T15:00"
    assert understood("moment", "三点", ZH, before="明天下午") == "2026-03-19T15:00"


def test_long_and_odd_input_is_harmless() -> None:
    for text in (
        "一" * 100_000,
        "十" * 5_000,
        "千百十",
        "点点点",
        "\x00",
        "{name}",
        "٣",
        "🙂",
        "第第第个",
    ):
        for kind in TABLES:
            understood(kind, text, ZH)
