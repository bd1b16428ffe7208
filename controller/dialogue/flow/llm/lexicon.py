"""Words that carry facts, by language and kind: what a friendlier sentence must have exactly.

Data only. The lists are wide on purpose: a word too many costs a friendlier sentence, one too few
a fact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's. `kinds`: patterns over canonical text (see facts.py), each match is one fact; a
    named group names what it stands for, so that several words may stand for the same."""

    kinds: Mapping[str, re.Pattern[str]]
    asks: re.Pattern[str]
    """A sentence that wants something of the caller without a question mark."""
    openers: frozenset[str]
    """Capitalised words that may begin a sentence and are no names."""


def _english(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words.split())})\b")


def _chinese(words: str) -> re.Pattern[str]:
    return re.compile("|".join(sorted(words.split(), key=len, reverse=True)))


_EN_DAYS = (
    "mon(?:day)?s? tue(?:s|sday)?s? wed(?:nesday)?s? thu(?:rs|rsday)?s? fri(?:day)?s? "
    "sat(?:urday)?s? sun(?:day)?s? today tonight tomorrow yesterday january february march april "
    "may june july august september october november december weekend weekdays? daily fortnight "
    "next last noon midnight am pm morning afternoon evening night oclock half quarter past "
    "until till before after by since"
)
_EN_WEIGHTY = (
    "cancel\\w* confirm\\w* book\\w* reserv\\w* pay\\w* paid unpaid refund\\w* free discount\\w* "
    "guarantee\\w* promis\\w* legal\\w* court police fees? fines? penalt\\w* overdue late due "
    "owe\\w* must open\\w* clos\\w* transfer\\w* record\\w* approv\\w* accept\\w* "
    "deni\\w* won win\\w* prize gift credit\\w* debt\\w* interest insur\\w* password pin code "
    "card account"
)
ENGLISH = Lexicon(
    kinds={
        "number": re.compile(
            r"(?P<as_number>\d[\d.,:]*\d|\d)(?:st|nd|rd|th)?\b|"
            r"\b(?:hundreds?|thousands?|millions?|billions?|dozens?|double|triple|twice|once|both|couple|several|percent|k)\b"
        ),
        "moment": _english(_EN_DAYS),
        "unit": _english(
            "(?P<dollar>dollars?|bucks?) (?P<cent>cents?) (?P<euro>euros?) "
            "(?P<pound>pounds?|quid) pence (?P<yuan>yuan|rmb|renminbi) (?P<yen>yen) seconds? "
            "minutes? hours? days? weeks? months? years?"
        ),
        "negation": re.compile(
            r"(?P<not>n't\b|\b(?:not|cannot)\b)|\b(?:no|never|none|nothing|nobody|nowhere|neither|nor|"
            r"without|unable|fail\w*|refus\w*|reject\w*|declin\w*|impossible|hardly|barely|except|unless|"
            r"wrong)\b"
        ),
        "title": _english("mr mrs ms miss mister madam sir dr doctor professor"),
        "weighty": _english(_EN_WEIGHTY),
    },
    asks=re.compile(
        r"\b(?:tell|give|send|show|read|spell|say|state|provide|enter|press|confirm|repeat|share|key in|"
        r"type)\b(?! you\b).*\b(?:me|us|your|yours|it|one|two)\b"
        r"|\blet (?:me|us) know\b|\bi(?:'ll| will) need\b"
    ),
    openers=frozenset(
        "a absolutely all alright an and any as at but by can certainly could do everything "
        "excellent fantastic fine for glad good great happy have hello here here's hi how i i'd "
        "i'll i'm i've in is it it's just kindly lovely many may my no nice now of oh ok okay on "
        "once one our perfect please right so sorry splendid super sure thank thanks that that's "
        "the then there there's these they this to unfortunately very wait we we'd we'll we're "
        "we've welcome well what when where which who why wonderful would yes you you'll you're "
        "you've your brilliant marvellous apologies".split()
    ),
)
CHINESE = Lexicon(
    kinds={
        "number": re.compile(
            r"\d[\d.:]*\d|\d|[万亿萬億壹贰叁肆伍陆柒捌玖拾佰仟廿卅半刻倍]|百分之|几[个十百千天]?|多少|若干"
        ),
        "moment": _chinese(
            "星期 礼拜 周 今天 今晚 明天 后天 大后天 昨天 前天 今日 明日 上午 中午 下午 早上 "
            "晚上 凌晨 傍晚 夜里 点 月 日 号 年 之前 以前 之后 以后 以内 内 截止 到期 下周 上周 "
            "本周 下个月 上个月 本月 月底 周末"
        ),
        "unit": _chinese("元 块 角 毛 分 美元 美金 欧元 英镑 日元 人民币 小时 分钟 秒 天 星期 个月"),
        "negation": _chinese("不 没 别 未 无 非 勿 莫 失败 拒绝 取消 除非 除了 错"),
        "title": _chinese("先生 女士 小姐 太太 老师 医生 教授 经理 师傅 同志"),
        "weighty": _chinese(
            "确认 预约 预订 付 缴 还款 退款 退 免费 优惠 折扣 保证 承诺 法律 法院 起诉 警 费 罚 "
            "逾期 欠 必须 开 关 转接 录音 批准 通过 中奖 奖 赠 信用 债 利息 保险 密码 验证码 卡 "
            "账 帐"
        ),
    },
    asks=re.compile(
        r"请(?:您|你)?(?:再|先|直接|一下)*(?:说|告诉|提供|输入|按|念|报|确认|选择|重复|发|出示|填)"
        r"|告诉(?:我|我们)|需要您|麻烦您"
    ),
    openers=frozenset(),
)


def lexicon_of(language: str) -> Lexicon:
    """A language's words. Raises KeyError for one that has none."""
    return {"en": ENGLISH, "zh": CHINESE}[language]
