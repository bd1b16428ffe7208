"""Text to the terms that keywords are matched by, the same for documents and for questions.

English words are stemmed. Chinese is simplified, cut into words and, so that 退钱 still meets 退款, into
single characters too. Any other script goes by its words. Knows nothing of documents or scores.
"""

from __future__ import annotations

import re
import threading
import unicodedata

import rjieba
import snowballstemmer
from opencc import OpenCC

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

_RUN = re.compile(rf"([{CJK}]+)|([^\W_{CJK}]+)")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_STOP_ENGLISH = frozenset(
    "a about am an and any are as at be been being but by can cant could did do does doesnt "
    "doing done dont for from get got had has have having hello help her hers hey hi him his "
    "how i id if ill im in into is isnt it its ive just kind know let like made make may me "
    "might much my need of off ok okay on or our ours please s shall she should so some sort "
    "sorry t tell than thank thanks that thats the their them then there theres these they "
    "thing things this those to too uh um us very want was we well were what whats when where "
    "which while who whom whose why will with wont would yes you your yours youre".split()
)
_STOP_CHINESE = frozenset(
    "的 了 是 在 我 你 您 他 她 它 我们 你们 他们 咱们 这 那 这个 那个 哪 哪个 哪些 什么 怎么 "
    "怎样 怎么样 如何 吗 呢 吧 啊 呀 哦 嗯 请 请问 问 想 要 需要 可以 可不可以 能 能不能 能够 "
    "会 不会 有 没有 有没有 和 与 或 或者 及 以及 就 都 也 还 还是 又 再 很 太 把 被 给 让 对 "
    "从 到 跟 为 为什么 因为 所以 如果 的话 一下 一个 一 个 多少 几 多 少 么 怎 样 什 哪儿 "
    "哪里 里 上 下 吗 没 不 时 时候 知道 告诉 谢谢 你好 您好 喂 帮 帮忙 麻烦 该 应该 得 着 过 "
    "们 之 其 此 等 而 且 但 但是 问题 意思".split()
)
_SIMPLIFIER = OpenCC("t2s")
_SIMPLIFIER.convert("")  # loads its tables now; after that threads may share it
_stemmers = threading.local()  # one a thread: a stemmer keeps the word it works on


def terms(text: str) -> list[str]:
    """All terms of a text in its order, repeated as often as they occur."""
    found: list[str] = []
    plain = _APOSTROPHE.sub("", unicodedata.normalize("NFKC", text).casefold())
    for match in _RUN.finditer(plain):
        chinese, word = match.groups()
        if chinese:
            chinese = _SIMPLIFIER.convert(chinese)
            words = rjieba.cut_for_search(chinese)
            singles = [char for char in chinese if len(chinese) > 1]
            found += [term for term in dict.fromkeys([*words, *singles]) if term not in _STOP_CHINESE]
        elif word not in _STOP_ENGLISH:
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    if not hasattr(_stemmers, "english"):
        _stemmers.english = snowballstemmer.stemmer("english")
    stem: str = _stemmers.english.stemWord(word)
    return stem
