"""Chinese: finding a person's name in what they said."""

from __future__ import annotations

import re

from controller.dialogue.languages.base import NameWords
from controller.dialogue.languages.zh import misheard
from controller.dialogue.languages.zh.sounds import sound
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
_WEAK = re.compile(
    r"^(?:你好|您好|喂|嗯|呃|额|哦|那个|好的|好|是的)*(?:我是|我就是|这里是|就写|写|是|叫)?"
)
_SURNAME_ONLY = re.compile(
    r"(?:(?:我|免贵|本人|鄙人|敝)+|^)姓(?!名)([\u4e00-\u9fff]{1,2})(?:[，,。.]|名|叫|$)(?:(?:名|叫)+([\u4e00-\u9fff]{1,3}))?"
)
_PARTS = {
    "木子": "李", "弓长": "张", "立早": "章", "耳东": "陈", "双木": "林", "口天": "吴", "古月": "胡",
    "草头": "黄",
    "三横": "王", "言午": "许", "文刀": "刘", "卯金刀": "刘", "木易": "杨", "双人": "徐", "禾呈": "程",
    "禾口王": "程",
    "走肖": "赵", "人可": "何", "三点水": "江", "干勾": "于", "人未余": "余", "马各": "骆",
    "十八子": "李", "关耳": "郑",
}  # fmt: skip
"""The parts of a surname's character, as people tell it from its homophones."""
_BY_PARTS = re.compile(
    rf"[，,。\s]*(?:是)?(?:{'|'.join(_PARTS)})(?:的)?(?:那个)?([\u4e00-\u9fff])(?:的[\u4e00-\u9fff])?"
)
_BY_WORD = re.compile(
    r"(?:[，,、。\s]+(?:是)?[\u4e00-\u9fff]{0,3}|)([\u4e00-\u9fff]{2})的(?:那个)?([\u4e00-\u9fff])(?![\u4e00-\u9fff]的)"
)
_TITLED = re.compile(r"(?:先生|女士|小姐|太太|老师|医生|经理|同学)")
_OTHER_SLOT = re.compile(
    r"(?:(?:下+个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天]|大?后天|明[天早晚]|今[天晚]|[上下]午|我?(?:想|要|来)[约预订改问]|电话|手机).*$"
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
    explained: list[tuple[str, bool]] = []
    if match := _BY_PARTS.search(text):
        explained.append((match[1], True))
        text = text[: match.start()] + "，" + text[match.end() :]
    for match in [m for m in _BY_WORD.finditer(text) if m[2] in m[1]][::-1]:
        explained.append((match[2], False))
        text = text[: match.start()] + "，" + text[match.end() :]
    text = re.sub(r"，+", "，", text).strip("，")
    if not text and explained and explained[0][1]:
        return NameWords(explained[0][0], introduced=False)
    found = _found(text, surname_explained=bool(explained and explained[0][1]))
    if found is None:
        return None
    for character, is_surname in explained:
        found = _explained(found, character, is_surname=is_surname)
    return found


def _explained(found: NameWords, character: str, *, is_surname: bool) -> NameWords:
    """The name with the character that was explained in the place where it sounds like it."""
    name = found.name
    if character in name:
        return found
    places = [0] if is_surname else [i for i, c in enumerate(name) if sound(c) == sound(character)]
    if not places:
        return found
    return NameWords(name[: places[-1]] + character + name[places[-1] + 1 :], found.introduced)


def _found(text: str, *, surname_explained: bool) -> NameWords | None:
    if match := _SURNAME_ONLY.search(text):
        given = match[2] or ""
        return NameWords(given if given.startswith(match[1]) else match[1] + given, introduced=True)
    if strong := list(_STRONG.finditer(text)):
        return _read(text[strong[-1].end() :], introduced=True, certain=True)
    compact = text if _LATIN.search(text) else text.replace(" ", "")
    compact = re.sub(r"^(?:你好|您好|喂|嗯|呃|额|哦|好的|是的)[，,。.!！\s]+", "", compact)
    lead = _WEAK.match(compact)
    start = lead.end() if lead else 0
    introduced = compact[:start].endswith("我是")
    rest = compact[start:].strip("，")
    if rest in _SURNAMES and surname_explained:
        return NameWords(rest, introduced)
    titled = _TITLED.search(rest)
    if titled and (rest[: titled.start()] in _SURNAMES or rest[: titled.start()] in _COMPOUND):
        return NameWords(rest[: titled.start()], introduced)
    return _read(rest, introduced=introduced)


def _read(rest: str, *, introduced: bool, certain: bool = False) -> NameWords | None:
    rest = rest.lstrip("，,。. ：:")
    if latin := _LATIN.match(rest):
        return NameWords(latin[0].title() if latin[0].islower() else latin[0], introduced)
    name = _END.sub("", _END.sub("", _OTHER_SLOT.sub("", rest)))
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
