"""Chinese: finding a person's name in what they said."""

from __future__ import annotations

import re

from controller.dialogue.languages.base import NameWords
from controller.dialogue.languages.zh import misheard
from controller.dialogue.normalise import plain

_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪"
    "田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温"
    "芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃"
)
_COMPOUND = (
    "欧阳",
    "司马",
    "诸葛",
    "上官",
    "东方",
    "皇甫",
    "慕容",
    "令狐",
    "夏侯",
    "端木",
    "尉迟",
    "司徒",
    "公孙",
)
_STRONG = re.compile(r"(?:我叫做?|我的?名字(?:是|叫)?|名字(?:是|叫)?|本人|叫我|叫做)")
_WEAK = re.compile(r"^(?:你好|您好|喂|嗯|呃|额|哦|那个|好的|好|是的)*(?:我是|我就是|这里是|是|叫)?")
_SURNAME_ONLY = re.compile(
    r"(?:我|免贵|本人)+姓([\u4e00-\u9fff]{1,2})(?:[，,。.]|名|叫|$)(?:(?:名|叫)+([\u4e00-\u9fff]{1,3}))?"
)
_END = re.compile(r"(?:[，,。.!?！？、\s].*|就行了?|就好了?|就可以了?|吧|啊|呀|谢谢.*|先生|女士|小姐)$")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'\-]+(?: [A-Za-z][A-Za-z'\-]+){0,2}")
_NOT_IN_NAMES = re.compile(r"[的了吗呢吧不没你我您这那什么哪谁想要约改换取消来预问点号分周期]")
_NOT_NAMES = frozenset(
    "高兴 方便 安静 白天 时间 成功 常常 平安 安排 万一 向前 管理 关于 任何 何时 文件 "
    "路上 江边 金额 石头 史上 严重 温度 时候 于是 马上 左右 关门 成 时 向 安全 白色 "
    "红色 黄色".split()
)


def find_name(raw: str) -> NameWords | None:
    """The name in an answer to "您贵姓", or None. A surname alone counts."""
    text = misheard.introduction(plain(raw).rstrip("。.!！"))
    if match := _SURNAME_ONLY.search(text):
        given = match[2] or ""
        return NameWords(given if given.startswith(match[1]) else match[1] + given, introduced=True)
    if strong := list(_STRONG.finditer(text)):
        return _read(text[strong[-1].end() :], introduced=True, certain=True)
    compact = text if _LATIN.search(text) else text.replace(" ", "")
    compact = re.sub(r"^(?:你好|您好|喂|嗯|呃|额|哦|好的|是的)[，,。.!！\s]+", "", compact)
    lead = _WEAK.match(compact)
    start = lead.end() if lead else 0
    return _read(compact[start:], introduced=compact[:start].endswith("我是"))


def _read(rest: str, *, introduced: bool, certain: bool = False) -> NameWords | None:
    rest = rest.lstrip("，,。. ：:")
    if latin := _LATIN.match(rest):
        return NameWords(latin[0].title() if latin[0].islower() else latin[0], introduced)
    name = _END.sub("", _END.sub("", rest))
    if (
        not re.fullmatch(r"[\u4e00-\u9fff·]{1,6}", name)
        or _NOT_IN_NAMES.search(name)
        or name in _NOT_NAMES
    ):
        return None
    compound = name.startswith(_COMPOUND)
    if compound and len(name) <= 4:
        return NameWords(name, introduced)
    if name[0] in _SURNAMES and 2 <= len(name) <= 3:
        return NameWords(name, introduced)
    return NameWords(name, introduced) if certain and 2 <= len(name) <= 4 else None
