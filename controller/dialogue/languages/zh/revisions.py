"""Chinese: second thoughts within one utterance ("周四，不对，周五")."""

from __future__ import annotations

import re

from controller.dialogue.normalise import plain

_MARK = re.compile(
    r"不对|不不|说错了?|弄错了?|搞错了?|错了|我是说|我说的是|我的意思是|应该是|改成|改到|改为|改一下|换成|换到|换一下"
    r"|哦不|啊不|等等|等一下|算了|还是(?=[^还是，,]{1,12}吧|算了)|(?<=[，,\s])不[，,\s]|(?<=[一二三四五六日天号点半])不(?=[周星下明后上早晚十一二三四五六七八九])"
)
_DENIED = re.compile(
    r"除了[^，,。]{1,8}?(?=都|以外|之外|，|,|$)|(?:不是|不要|不选|别)[^，,。;；]{1,10}?(?=而?是|，|,|。|要|选|改|$)"
    r"|(?:^|(?<=[，,。]))[^，,。]*?(?<!行)(?:不行|不方便|没空|没时间|不可以)(?!吗)"
)


TAKEN_BACK = re.compile(r"哦不|啊不|等等|等一下|我?说错了?|不对不对|我是说|我的意思是|应该是")


def revisions(raw: str) -> tuple[str, ...]:
    """See `Language.revisions`."""
    return tuple(_MARK.split(_DENIED.sub("，", plain(raw))))
