"""Chinese: words of anger, which neither answer nor ask anything."""

from __future__ import annotations

import re

SWEARING = re.compile(
    r"(?:他|^)妈的(?!名|姓|电话|手机|号)|操你妈|我操(?!作|心|办)|卧槽|草泥马|傻\s?[逼bB](?:机器人?)?"
    r"|你?(?:这个)?(?:混蛋|王八蛋|废物)|狗屁|放屁|去死吧?|(?<![摇翻打])滚(?:开|蛋|远点|吧)|^滚$"
    r"|什么鬼东西|什么破?玩意儿?|烦死(?:人|我)?了|去你的"
)
"""In raw text. No word that a caller may need ("有病" to a clinic), none that stands in another."""
