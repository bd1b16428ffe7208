"""Chinese words of agreement, refusal and conversation, and the sentences every flow may need."""

from __future__ import annotations

import re
from functools import lru_cache

from opencc import OpenCC

from controller.dialogue.languages.base import Intent, Phrase
from controller.dialogue.languages.zh import misheard
from controller.dialogue.normalise import plain

PHRASES = {
    Phrase.TAKE_YOUR_TIME: "好的，不着急。",
    Phrase.GO_AHEAD: "好的，您请说。",
    Phrase.WELCOME: "不客气。",
    Phrase.HELLO: "您好，我在听。",
    Phrase.ROBOT: "是的，我是自动语音助手。",
    Phrase.DONT_KNOW: "抱歉，这个我不清楚。",
    Phrase.EXCUSE: "抱歉给您添麻烦了。",
    Phrase.NOT_UNDERSTOOD: "抱歉，我没听清。",
    Phrase.STILL_THERE: "您还在听吗？",
    Phrase.NO_PROBLEM: "没问题。",
    Phrase.ONE_MOMENT: "请稍等。",
    Phrase.GOODBYE: "感谢您的来电。再见。",
    Phrase.SILENT_GOODBYE: "我听不到您的声音。请您稍后再打来。再见。",
    Phrase.GIVING_UP: "抱歉，我没能听明白。请您稍后再打来。再见。",
    Phrase.IS_THAT_RIGHT: "对吗？",
    Phrase.WHICH_IS_WRONG: "请问要改哪一个？",
    Phrase.NO_COLLEAGUE: "抱歉，这里没法转接。",
    Phrase.CANCELLED: "好的，先不办了。再见。",
    Phrase.WHICH_DAY: "请问是哪一天？",
    Phrase.WHICH_TIME: "请问几点钟？",
    Phrase.WHICH_MORNING_TIME: "请问上午几点？",
    Phrase.WHICH_AFTERNOON_TIME: "请问下午几点？",
    Phrase.WHICH_EVENING_TIME: "请问晚上几点？",
    Phrase.DAY_PASSED: "抱歉，这个时间已经过了。",
    Phrase.DAY_CLOSED: "抱歉，那天我们休息。",
    Phrase.TIME_CLOSED: "抱歉，那个时间我们不营业。",
    Phrase.NO_SUCH_DAY: "抱歉，日历上没有这一天。",
    Phrase.WHICH_OF_THEM: "请问哪一个更合适？",
    Phrase.WRONG_LENGTH: "这个号码好像不完整。",
    Phrase.GO_ON: "好的，请继续。",
    Phrase.TOO_MANY_DIGITS: "这个号码位数太多了。",
    Phrase.DIGIT_WRONG: "这个号码好像有一位不对。",
    Phrase.NO_SUCH_PHONE: "这好像不是有效的电话号码。",
    Phrase.SEVERAL_NUMBERS: "我听到了不止一个数字。",
    Phrase.NOT_EXACT: "我需要一个准确的数字。",
    Phrase.NOT_WHOLE: "这里需要一个整数。",
    Phrase.TOO_LITTLE: "抱歉，这个数太小了。",
    Phrase.TOO_MUCH: "抱歉，这个数太大了。",
    Phrase.OTHER_CURRENCY: "抱歉，不能用别的货币。",
    Phrase.WHICH_YEAR: "请问是哪一年？",
    Phrase.DAY_TO_COME: "这一天还没到。",
    Phrase.DAY_TOO_FAR: "抱歉，这个日期太远了。",
    Phrase.WRONG_ADDRESS: "这个邮箱地址好像不完整。",
    Phrase.WRONG_CODE: "这个编号好像不对。",
}

_LEAD = r"(?:喂|那个|呃|额|嗯|哦|啊|好的|好吧|好|不好意思|对不起|抱歉|请问|麻烦你?您?|那|请)*"
_TAIL = r"(?:吧|啊|呀|哦|了|呢|嘛|吗|谢谢|好吗|好不好|可以吗|一下|你|您|行吗|哈)*"


def _whole(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"{_LEAD}(?:{'|'.join(alternatives)}){_TAIL}")


_PERSON = (
    r"(?:真人|人工客服|人工服务|人工|客服人员|客服|工作人员|接线员|服务员|活人|医生|护士|你们经理|经理)"
)
_MY_APPOINTMENT = r"(?:我?的?(?:这个|那个)?(?:预约|预定|订单|约))"

INTENTS = {
    Intent.REPEAT: _whole(
        r"(?:你|您)?(?:能|能不能|可以|可不可以)?(?:请|再)*(?:再)?(?:说|讲|重复)(?:一遍|一次"
        r"|一下)(?:刚才的?(?:话|问题)?)?",
        r"(?:再来一遍|再说一下|重复一下|重复|再说|你说什么|您说什么|说什么|什么|什么意思"
        r"|刚才说什么|没听清楚?|没听见|没听懂|听不清楚?|听不见|听不懂)",
        r"我?(?:没有?|不太?)听(?:清楚?|见|懂|明白|到)(?:你说什么|您说什么|你说的)?",
        r"(?:我)?(?:没听清楚?|没听见|没听懂|听不清楚?)(?:你|您)?(?:说什么|说的)?",
    ),
    Intent.GOODBYE: _whole(
        r"(?:再见|拜拜|拜|回见|先这样|就这样|挂了|我先?挂了|我要挂了|没事了|没别的事?了|没有别的事?了"
        r"|没有其他的?事?了|没有了|不聊了|白白)+",
        r"(?:谢谢|多谢|感谢)(?:你|您)?(?:没有?别的事?|没有?其他的?事?|没事|就这样|就这些"
        r"|再见|拜拜)(?:了)?",
    ),
    Intent.WAIT: _whole(
        r"(?:等一等|等一下|等等|等会儿?|等下|稍等|稍等一下|停一下|停|停停|先停一下|打住|先别说了?"
        r"|别说了|你?别说话|先不要说|慢点|慢一点|等一会儿?|你?等我?一下|你?先等等)+",
        r"(?:让)?我(?:想一想|想想|想一下|看一下|看看|查一下|考虑一下)",
        r"闭嘴",
    ),
    Intent.ATTENTION: _whole(
        r"(?:我)?(?:打断一下|插一句|问一下|问一句|想问一下|想问个问题|有个问题|说一句|先说一句"
        r"|想说一句)",
        r"(?:我)?(?:能|可以)(?:说一句|问一下|打断一下)",
    ),
    Intent.CANCEL: _whole(
        rf"(?:我)?(?:想|要|想要|需要|帮我|请帮我)?(?:取消|退掉){_MY_APPOINTMENT}?",
        r"(?:算了|不约了|不预约了|不要了|不办了|我?不想约了|我?不想预约了|先不约了|我?改主意了)+",
    ),
    Intent.PERSON: _whole(
        rf"(?:我)?(?:想|要|想要|需要)?(?:帮我|给我|请帮我)?(?:转|接|找|转接|换|叫)(?:一下"
        rf"|到|个)?{_PERSON}",
        rf"(?:我)?(?:想|要|想要|需要)?(?:跟|和|同){_PERSON}(?:说|讲|谈|说话|通话|聊)",
        rf"(?:我)?(?:想|要|想要|需要)?{_PERSON}",
        r"有(?:没有)?(?:真人|人工)",
    ),
    Intent.WRONG: _whole(
        r"(?:这|那|你|您|刚才|刚刚|上面)?(?:个|里)?(?:都|全)?(?:不对|错了|说错|弄错|搞错|记错|听错|不正确"
        r"|有误|有错|写错)(?:了)?",
        r"(?:我)?(?:刚才|刚刚)?(?:说错|讲错)(?:了)?",
        r"(?:这)?不是我(?:说|要|讲)的",
    ),
    Intent.BACK: _whole(
        r"(?:我)?(?:想|要|想要)?(?:回到?|返回|退回|退到|倒回)(?:到)?(?:上|前)(?:一?个?)(?:问题|步|题)",
        r"(?:上|前)(?:一个|个)问题|上一(?:题|步)|返回|退回去?|回去|回上一步",
    ),
    Intent.THANKS: _whole(r"(?:谢谢|多谢|感谢|谢了|辛苦了|非常感谢)+(?:你|您)?"),
    Intent.HELLO: re.compile(
        r"(?:喂|你好|您好|哈喽|早上好|上午好|下午好|晚上好|有人吗|听得到吗|能听到吗|听得见吗"
        r"|你?在吗|啊|哎|诶)+"
    ),
    Intent.ROBOT: _whole(
        r"(?:你|您|这)是?(?:不是)?(?:机器人?|人工智能|真人|录音|电脑|人)(?:还是(?:机器人?|真人|人))?",
        r"(?:你|您)是(?:谁|什么人|哪位|哪里)",
    ),
    Intent.LISTENING: re.compile(
        r"(?:嗯|哦|噢|喔|啊|呃|额|好|好的|知道了|明白了?|了解|是吗|行|这样|那个|哈|能能)+"
    ),
}

LOOSE_INTENTS = {
    Intent.PERSON: re.compile(r"转人工|人工客服|人工服务|(?:找|要|跟|和)(?:个)?真人"),
    Intent.CANCEL: re.compile(r"取消.{0,4}(?:预约|预定|约)"),
    Intent.REPEAT: re.compile(r"再(?:说|讲|重复)(?:一遍|一次|一下)|没听清"),
    Intent.GOODBYE: re.compile(r"再见|拜拜"),
    Intent.WAIT: re.compile(r"等一下|等一等|稍等|让我想"),
}

NO = re.compile(
    r"(?:呃|额|嗯|哦|啊|那个|抱歉|不好意思|对不起|我觉得|我看|我|恐怕|可能|应该|好像|当然|并|也|才|都|那|这)*"
    r"(?:不是|不对|不行|不用|不要|不必|不可以|不想|不方便|不愿意|不需要|不好(?!意思)"
    r"|不太|不正确|不了|不(?!好意思|错|知道|清楚|确定|记得|介意)|没有(?!错|问题|不对|不妥|误|意见)|没空|没时间|没兴趣|怎么可能|错了?|算了|别|否|有错|有误|下次)"
)
YES = re.compile(
    r"(?:呃|额|嗯|哦|啊|那个|那|抱歉|不好意思|对不起|我(?=想|要|愿意|同意|确认|确定|需要|可以|有空|方便)|都|就)*"
    r"(?:没有不[对妥]|没有误|必须|没毛病|可不是|得嘞|中|妥|怎么不|是|对|好|可以|行|没错|没问题|当然|愿意|正确|要|嗯|确认|确定|同意|成|OK|ok|有空"
    r"|方便|没有错|没有问题|不错|需要|肯定|就这样|当然可以|想|没意见)"
)
NOTHING = re.compile(
    rf"{_LEAD}(?:谢谢)?(?:没有|没有了|没了|没有?别的了?|没有?其他的?了?|没事了?|就这样|就这些|没什么"
    rf"|没有什么|没啥|没意见|没有意见|没建议|没有建议|不用了|没|无|跳过|不知道|没想法"
    rf"|暂时没有|都挺好|都很好|挺好的?|没什么(?:意见|建议|想说的|要说的)|没有什么(?:意见"
    rf"|建议|想说的|要说的))"
    rf"{_TAIL}"
)
QUESTION = re.compile(
    r".*(?:吗|什么|几点|多少|哪里|哪儿|哪个|哪天|怎么|为什么|谁|多久|多长|有没有|是不是"
    r"|能不能|可不可以|呢$|请问.+)"
)
CORRECTION = re.compile(
    r"(?:我是说|我说的是|我的意思是|应该是|改成|改到|改为|换成|换到|说错了|弄错了|搞错了"
    r"|不对|错了|不是.{1,8}?而?是|^不是|^还是)"
)
CHANGE = re.compile(r"改|换|重新|更改|调整|修改|变更|不对|错了|有误")
RATINGS = (
    (
        re.compile(
            r"(?:非常|很|特别|极其|太|十分|极)不?(?:不满意|差|糟糕?|失望)|(?:非常|很|特别|太"
            r"|十分)不满意|一点[都也]?不满意|差极了|糟透了"
        ),
        1,
    ),
    (re.compile(r"不(?:是很|太|怎么|够|大)?(?:满意|好)|有点差|比较差|不行|较差|失望"), 2),
    (re.compile(r"一般|还行|还可以|凑合|马马虎虎|普通|中等|说不上|还好|过得去"), 3),
    (
        re.compile(
            r"(?:非常|很|特别|十分|相当|超级|太|极其|完全)(?:满意|好|棒|不错)|满意极了|好极了"
            r"|完美|太棒了|特别棒"
        ),
        5,
    ),
    (re.compile(r"比较满意|满意|不错|挺好|好"), 4),
)

_PUNCTUATION = re.compile(r"[^\w:.\-]")
_LOOSE_MARKS = re.compile(r"(?<!\d)[.:\-]|[.:\-](?!\d)")
_BETWEEN_LATIN = re.compile(r"(?<=[a-z]) (?=[a-z])")
_LAST = re.compile(
    r"(?:嗯|呃|额|那个|这个|就是|因为|然后|但是|还有|或者|如果|所以|我想|我要|的话|我是"
    r"|我叫|我的|(?<![满中温饱])和|跟|下周|这周|下个?星期|星期|周|下|在|比如|大概|可能"
    r"|应该)[。，,…]*$"
)


@lru_cache(maxsize=1)
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def simplified(text: str) -> str:
    """The same in simplified characters."""
    return str(_simplifier().convert(text))


@lru_cache(maxsize=256)
def clean(raw: str) -> str:
    """Simplified, lower case, no punctuation, no spaces but between Latin words; slips that are no word
    repaired."""
    text = _PUNCTUATION.sub(" ", simplified(plain(raw)).lower())
    text = _LOOSE_MARKS.sub(" ", text)
    kept = _BETWEEN_LATIN.sub("_", text)
    return misheard.anywhere(kept.replace(" ", "").replace("_", " "))


def unfinished(raw: str) -> bool:
    """Whether the speaker seems to be in the middle of a sentence."""
    text = plain(raw)
    return text.endswith((",", "...", "…", "、", "-")) or (
        len(text) > 1 and _LAST.search(text) is not None
    )
