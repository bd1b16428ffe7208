"""What only machines, screening assistants and persons say when they answer. English and Chinese, as
recognisers spell it: lower case, with their usual mistakes. Data; knows nothing of how it is used.
"""

from __future__ import annotations

import re

MACHINE = re.compile(
    r"""
      \b(?:leave|record)\ (?:me\ |us\ )?(?:a|an|your|the|my)?\ ?(?:\w+\ )?
      (?:message|details|name\ and\ number|name\ and\ a\b)
    | \b(?:after|at|following|hear)\ the\ (?:tone|beep|beat|sound\ of\ the)\b
    | \bvoice\ ?mail(?:box)?\b | \b(?:voice|mail)\ ?box\b | \banswering\ (?:machine|service)\b
    | \b(?:voice\ )?message\ system\b | \bautomat(?:ed|ic)\ \w+ | \byou\ know\ what\ to\ do\b
    | \b(?:is|are|am|'m)\ (?:currently\ |presently\ )?(?:not\ available|unavailable)\b
    | \b(?:no\ ?one|nobody|none\ of\ us)\ (?:is|can|are)\ (?:\w+\ )?(?:available|here|home|take
      |answer|come)\b
    | \b(?:can\ ?not|can't|unable\ to|not\ able\ to)\ (?:come\ to|take|get\ to|answer)
      \ (?:the|your|my|right)\ (?:phone|calls?|now)\b
    | \b(?:person|number|customer|subscriber|party)\ (?:you|who)\ (?:are|have|were|'re|'ve)?\ ?
      (?:calling|called|dial\w+|trying|reached)\b
    | \b(?:you've|you\ have|you)\ reached\b | \byou're\ through\ to\b
    | \bcall\ (?:has\ been|is\ being|was)\ (?:forwarded|transferred|diverted)\b
    | \b(?:being|be)\ transferred\ to\b
    | \bplease\ (?:try|call)\ (?:again|back)\ later\b | \bnot\ in\ service\b | \bdisconnected\b
    | \bno\ longer\ in\b | \bcheck\ the\ number\b
    | \bmissed\ your\ call\b | \bnot\ (?:at\ )?(?:home|in)\ (?:right\ now|just\ now|at\ the\ moment)\b
    | \baway\ from\ (?:my|the|our)\ (?:desk|phone|office)\b | \bout\ of\ (?:the\ )?office\b
    | \b(?:i|we)(?:'ll|\ will)\ (?:get\ back\ to|return\ your|answer\ your\ call)\b
    | \bpress\ (?:\d|one|two|three|four|five|six|seven|eight|nine|zero|star|hash|pound)\b
    | \b(?:offices?|lines?|agents?|operators?|we)\ (?:is|are)\ (?:currently\ |now\
      |all\ )*(?:closed|busy)\b
    | \b(?:opening|office|business)\ hours\b | \bwelcome\ to\b | \bcalls?\ (?:may|will)\ be\ recorded\b
    | \bknow\ (?:the|your\ party's)\ extension\b | \bstay\ on\ the\ line\b
    | \bplease\ hold,?\ (?:and|while|for)\b
    | 留言 | 流言 | 语音信箱 | 录音服务 | (?:提示音|嘀|滴|哔|嘟)(?:的?一?声)?(?:之?后|以后)
    | 之?后(?:给我)?留(?:下|言)
    | (?:呼叫|拨打|拨叫|所拨)的?(?:用户|号码|电话) | 无法接[通听] | 无人接听 | 不方便接
    | 已关机 | 已停机 | 空号 | 不在服务区 | 稍后再[拨联] | 正在通话中 | 转(?:接|至|到)语音
    | 欢迎(?:致电|来电|拨打) | 您的来电 | 请(?:直接)?[按拨](?:分机|[零一二三四五六七八九十\d])
    | 人工服务 | 分机号
    | 尽快(?:给您|回)
    """,
    re.VERBOSE,
)
"""Clear wherever it is said: who says so is no person on the line."""

SCREENING = re.compile(
    r"""
      \b(?:say|state|record|give|tell\ me)\ (?:your|the)\ name\b.{0,80}\b(?:why|reason|calling
      |available|about)\b
    | \bsay\ who\ (?:you\ are|is\ calling)\b | \breason\ for\ (?:your|the|this)?\ ?call\b
    | \bcall(?:ing)?[\ -]?(?:screen\w*|assist\w*)\b | \bscreening\ (?:service|this\ call|calls)\b
    | \bcall\ is\ being\ screened\b | \btry(?:ing)?\ to\ connect\ you\b
    | \bsee\ if\ (?:this|the)\ person\ is\ available\b
    | \bwho(?:'s|\ is)\ calling,?\ and\ (?:why|what)\b | \bvirtual\ assistant\b
    | \bwhat\ (?:is\ )?(?:the\ call|it|this)(?:'s)?\ (?:is\ )?(?:about|regarding)\b
    | (?:智能|语音|电话|来电|通话)(?:助理|助手|秘书|管家) | (?:机主|主人)(?:的?助|正在|现在|不方便|暂时)
    | 请(?:说出|说明|告知|告诉我)?您?的?(?:姓名|身份)?(?:和|及|以及)?(?:来电)(?:目的|事由|意图)
    | 来电(?:目的|原因|事由|意图)
    """,
    re.VERBOSE,
)
"""Somebody wants to know who calls and why. A secretary who asks so is answered likewise."""

PERSON = re.compile(
    r"""
      \bspeaking\b | \b(?:can|may|could)\ (?:i|we)\ help\b | \bwhat\ can\ (?:i|we)\ do\ for\ you\b
    | \bhow\ (?:can|may|could)\ (?:i|we)\b
    | \bwho(?:'s|\ is|\ am)\ (?:this|that|it|there|calling|i\ speaking|i\ talking)\b
    | \b(?:can|could|may|shall)\ (?:i|you)\ (?:call|ring|phone|make|hold|wait|hear|please)\b
    | \bcan't\ talk\b | \bi(?:'m|\ am|\ was)\ (?:just\ )?(?:driving|in\ a\ meeting|in\ the|at\ work
      |busy)\b
    | \b(?:just\ )?a\ (?:second|moment|minute)\b | \bhold\ on\b | \bhang\ on\b
    | 哪位 | 是谁 | 请讲 | 请说 | 什么事 | 在开会 | 在开车 | 在上班 | 在忙 | 等一?[下会]
    """,
    re.VERBOSE,
)
"""Asks for an answer, or tells what they are doing now. Counts only where no machine's words are."""

OTHERS = re.compile(r"\b(?:he|she)(?:'s|'ll)?\b | 他 | 她", re.VERBOSE)
"""Speaks of somebody else: a person who was asked for them, and no machine, which speaks for itself."""
