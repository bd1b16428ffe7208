"""How English speakers say that they want no more calls. Knows words alone."""

from __future__ import annotations

import re

_CALL = (
    r"(?:call|calling|phone|phoning|ring|ringing|contact|contacting|bother|bothering|harass|harassing)"
)
_ME = r"(?:me|us|here|this number|this phone|(?:my|our) (?:number|phone|house|home|mobile|cell|family))"
_NOT_NOW = r"(?! (?:before|until|till|after|so|that|at (?:night|work|\d)|mister|mr|mrs|ms|today|tonight"
_NOT_NOW += (
    r"|tomorrow|right now|now(?! or ever)|a |an |on (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b)"
)
_LIST = r"(?:lists?|database|systems?|records|books|register|contacts)"
_US = r"(?:me|us|him|her|my (?:\w+ )?(?:number|name|phone|details|data)|this (?:phone )?number)"

NO_MORE_CALLS = re.compile(
    rf"\b(?:do not|don't|dont|never|must not|mustn't|no longer)(?: (?:ever|please|you|dare(?: to)?|keep"
    rf"|try to|want you to|want to be))* (?:{_CALL}(?:ed)?(?: {_ME})?"
    r"(?: (?:ever )?again| any ?more| ever| back)"
    rf"|{_CALL} {_ME}{_NOT_NOW})"
    rf"|(?<!don't )(?<!not )(?<!never )\b(?:stop|quit|cease) (?:all )?(?:(?:the|your|these|those) calls"
    rf"|{_CALL}\b)"
    r"|\b(?:no|not any) (?:more|further) (?:\w+ )?calls\b"
    r"|\b(?:do not|don't) want (?:any|any ?more|any further|more|these|your|further)"
    r"(?: \w+){0,2} calls\b"
    rf"|\b(?:do not|don't) want you (?:to )?{_CALL}\b"
    rf"|\b(?:take|remove|delete|erase|strike|cross|scratch|get) {_US} (?:off|from|out of|of)"
    rf" (?:\w+ ){{0,4}}{_LIST}\b"
    rf"|\b(?:take {_US} off\b(?! (?:hold|mute|speaker))|(?:remove|delete|erase|lose|forget) {_US}$"
    r"|(?:remove|delete|erase|lose|forget) my (?:phone )?number\b)"
    r"|\bdo not call (?:list|register)\b|\bunsubscribe\b|\bopt (?:me )?out\b"
)
"""Found anywhere in a clean utterance. A call at another time ("not before nine") is none of it."""
