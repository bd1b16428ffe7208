"""Mandarin Chinese, simplified."""

from __future__ import annotations

from controller.dialogue.languages.base import Language
from controller.dialogue.languages.zh import misheard, moments, names, numbers, words

CHINESE = Language(
    code="zh",
    joiner="",
    full_stop="。",
    phrases=words.PHRASES,
    intents=words.INTENTS,
    loose_intents=words.LOOSE_INTENTS,
    yes=words.YES,
    no=words.NO,
    nothing=words.NOTHING,
    question=words.QUESTION,
    correction=words.CORRECTION,
    change=words.CHANGE,
    ratings=words.RATINGS,
    clean=words.clean,
    numeric=numbers.numeric,
    ordinal=numbers.ordinal,
    mistaken_number=misheard.number,
    mistaken_agreement=misheard.agreement,
    digits=numbers.digits,
    unfinished=words.unfinished,
    name=names.find_name,
    moment=moments.find_moment,
    say_day=moments.say_day,
    say_time=moments.say_time,
    say_moment=moments.say_moment,
    say_digits=numbers.say_digits,
    moment_hints=moments.HINTS,
    yes_no_hints=("是的", "不是", "对", "不对", "可以", "不用了"),
)
