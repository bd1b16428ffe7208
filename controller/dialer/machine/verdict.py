"""Who answered, by what was said first and for how long. Pure.

Words decide where they are clear; else the length of the first speech: a person says a short hello and
waits, a machine talks on. The bounds are those of LiveKit's detector (2.5 s of speech) and of jambonz
(nine words).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_HELLO_MS = 2500
MOST_WORDS = 9
MOST_CJK = 18

_CJK = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")

_MACHINE = re.compile(
    r"""
      \b(?:leave|record)\ (?:me\ |us\ )?(?:a|your|the|my)?\ ?(?:\w+\ )?(?:message|name\ and\ number)\b
    | \b(?:after|at|following)\ the\ (?:tone|beep|sound\ of\ the)\b
    | \bvoice\ ?mail(?:box)?\b | \bmail\ ?box\b | \banswering\ (?:machine|service)\b
    | \b(?:is|are|am|'m)\ (?:currently\ |presently\ )?(?:not\ available|unavailable)\b
    | \b(?:can\ ?not|can't|unable\ to)\ (?:come\ to|take|get\ to|answer)
      \ (?:the|your|my)\ (?:phone|call)\b
    | \b(?:person|number|customer|subscriber|party)\ you\ (?:are|have|were|'re|'ve)?\ ?
      (?:calling|called|dial\w+|trying|reached)\b
    | \bcall\ (?:has\ been|is\ being|was)\ (?:forwarded|transferred|diverted)\b
    | \bplease\ (?:try|call)\ (?:again|back)\ later\b
    | 留言 | 语音信箱 | 录音服务 | (?:提示音|嘀|滴|哔|嘟)(?:的?一?声)?(?:之?后|以后)
    | (?:呼叫|拨打|拨叫|所拨)的?(?:用户|号码|电话) | 无法接通 | 无人接听 | 无法接听
    | 已关机 | 已停机 | 不在服务区 | 稍后再拨 | 正在通话中 | 转(?:接|至|到)语音
    """,
    re.VERBOSE,
)
_SCREENING = re.compile(
    r"""
      \b(?:say|state|record|give|tell\ me)\ (?:your|the)\ name\b.*\b(?:why|reason|calling|available)\b
    | \bcall(?:ing)?[\ -]?(?:screen\w*|assist\w*)\b | \bscreening\ (?:service|this\ call|calls)\b
    | \bsee\ if\ (?:this|the)\ person\ is\ available\b
    | \bwho(?:'s|\ is)\ calling\ and\ (?:why|what)\b | \bvirtual\ assistant\b
    | (?:智能|语音|电话|来电|通话)(?:助理|助手|秘书|管家) | (?:机主|主人)(?:的?助|正在|现在|不方便|暂时)
    | 请(?:说出|说明|告知|告诉我)?您?的?(?:姓名|身份)?(?:和|及|以及)?(?:来电)(?:目的|事由|意图)
    | 来电(?:目的|原因|事由|意图)
    """,
    re.VERBOSE,
)


class Answerer(StrEnum):
    """Who is there."""

    PERSON = "person"
    MACHINE = "machine"  # plays a greeting; records after a beep, or tells that nobody can be reached
    SCREENING = "screening"  # asks who calls and why, and puts a person on


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who answered, and what told: "words", "length", "beep", "hello" or "silence"."""

    answerer: Answerer
    because: str


def judge(text: str, speech_ms: float) -> Verdict:
    """Judge what was said since the answer (`text`, as recognised; any language) and how long that first
    speech lasted. Good for partial text too: more words can only turn a person into something else."""
    said = " ".join(text.lower().replace("’", "'").split())
    if _SCREENING.search(said):
        return Verdict(Answerer.SCREENING, "words")
    if _MACHINE.search(said):
        return Verdict(Answerer.MACHINE, "words")
    cjk = len(_CJK.findall(said))
    words = len(_WORD.findall(_CJK.sub(" ", said)))
    if speech_ms > LONGEST_HELLO_MS or words > MOST_WORDS or cjk > MOST_CJK:
        return Verdict(Answerer.MACHINE, "length")
    return Verdict(Answerer.PERSON, "hello" if said else "silence")
