"""English: finding a person's name in what they said."""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from controller.dialogue.languages.base import NameWords
from controller.dialogue.languages.en import spelling
from controller.dialogue.normalise import plain

_STRONG = re.compile(
    r"\b(?:my (?:full |first |last |sur|family )?name(?: is"
    r"|'s|s)|(?:the )?name(?:'s| is)|(?:you can )?call me"
    r"|i(?:'m| am) called|i go by|(?:it's|put (?:it|me)"
    r"|book it|that's) under|under the name(?: of)?)\s+",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"^(?:(?:no|nope|hi there|hello there|hi|hello|hey"
    r"|yes|yeah|yep|oh|um|uh|er|well|so|okay|ok|sure|sorry"
    r"|good morning|of course)[\s,.!]+)*(?:(?:it is|it's|its|this is|this's|that's|that is"
    r"|i am|i'm|im|for)\s+)*(?:(?:uh|um|er)[\s,.]+)?",
    re.IGNORECASE,
)
_COPULA = re.compile(r"\b(?:it is|it's|this is|i am|i'm)\s", re.IGNORECASE)
_END = re.compile(
    r"\s*(?:[.,;!?]+(?:\s|$)|\b(?:speaking|here|please|thanks|thank you|calling|with|and i"
    r"|and|but|from)\b).*$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['\-.][^\W\d_]+)*\.?")
MAX_TOKENS = 4
_TITLES = re.compile(
    r"\b(?:mr|mrs|ms|miss|mister|missus|madam|doctor|dr|professor|prof|sir)\b\.? ?", re.IGNORECASE
)
_LABELS = re.compile(
    r"\b(?:first|given) name(?: is)?[,:]? (?P<first>[\w'\-]+)[,.]?(?: and)?(?: my)? "
    r"(?:last|sur|family|second) ?name(?: is)?[,:]? (?P<last>[\w'\-]+)"
    r"|\b(?:last|sur|family) ?name(?: is)?[,:]? (?P<last2>[\w'\-]+)[,.]?(?: and)?(?: my)? "
    r"(?:first|given) name(?: is)?[,:]? (?P<first2>[\w'\-]+)",
    re.IGNORECASE,
)
_SPELLED = re.compile(r"(?<![\w'])(?<!with )(?:[A-Za-z]\b(?:[\s,.\-’]+|$)){2,}")
_SPELLING = re.compile(
    r"[\s,.]*\b(?:that's|that is|which is|it's|is|i'm|and"
    r"|spelled|spelt|spell(?:ed|ing)? it|spell)?[\s,.:]*$",
    re.IGNORECASE,
)
SAME_NAME_PERCENT = 45
"""How alike (rapidfuzz ratio) a name as heard and as spelled are at least."""

_NOT_NAMES = frozenset(
    """
    a about after again all also am an and any anyone anything appointment are as ask at be because
    bad been book booking but buy by bye call called calling can cancel change come cost could day
    delayed did do does doing don't down eight email english evening everything fine first five
    flight for four friday from get give go going gonna good goodbye great had has have he hear
    hello help her here hey hi him his hold how i i'd i'll i'm i've if in interested is isn't it
    it's just know later let like listen long look made make maybe me mean mine minute moment monday
    month more morning much my name need never next nice nine no none nope not nothing now of off ok
    okay on one open or order our out over pardon phone please possible price question ready really
    repeat right robot said same saturday say second see seven she should six so some someone
    something sorry speak speaking still stop sunday sure talk tell ten than thank thanks that
    that's the their them then there they thing think this three thursday time to today tomorrow too
    trying tuesday two uh um until up us very wait waiting want was way we wednesday week well were
    what what's when where which who why will with would wrong yeah year yep yes yesterday you
    you're your afternoon busy hungry tired driving outside home dunno whatever option number blue
    red green table weather rain raining sunny cold hot
    """.split()
)


def find_name(raw: str) -> NameWords | None:
    """The name in an answer to "what is your name", or None. Names keep the way they were written;
    lower-case ones are capitalised."""
    text = _TITLES.sub("", plain(raw).lstrip(" ,.;:-"))
    if labelled := _LABELS.search(text):
        first, last = labelled["first"] or labelled["first2"], labelled["last"] or labelled["last2"]
        return NameWords(f"{_capital(first)} {_capital(last)}", introduced=True)
    spelled = spelling.letters(text)
    if (match := _SPELLED.search(spelled)) is not None:
        return _spelled(match, spelled)
    return _said(text)


def _spelled(match: re.Match[str], text: str) -> NameWords:
    """A name with its spelling, or only that: "Smith, S M Y T H E", "John, S M I T H"."""
    head = _SPELLING.sub("", text[: match.start()])
    said = _said(head) if head else None
    tokens = said.name.split() if said else []
    for piece in _pieces(match[0]):
        alike = max(tokens, key=lambda token: fuzz.ratio(token.lower(), piece.lower()), default="")
        if alike and fuzz.ratio(alike.lower(), piece.lower()) >= SAME_NAME_PERCENT:
            tokens[tokens.index(alike)] = piece
        else:
            tokens.append(piece)
    introduced = said.introduced if said else _STRONG.search(text[: match.start()] + " ") is not None
    return NameWords(" ".join(tokens), introduced)


def _pieces(run: str) -> list[str]:
    """The names that a run of letters spells: "J-O-H-N S-M-I-T-H" and "J O H N, S M I T H" are two."""
    run = run.strip(" ,.-’")
    gaps = re.findall(r"[\s,.\-]+", run)
    ends = {gap for gap in gaps if "," in gap or "." in gap or (gap == " " and "-" in gaps)}
    if len(ends) == len(set(gaps)):
        ends = set()
    parts = re.split("|".join(re.escape(gap) for gap in ends), run) if ends else [run]
    return [re.sub(r"[^A-Za-z']", "", part.replace("’", "'")).title() for part in parts]


def _said(text: str) -> NameWords | None:
    introduced = list(_STRONG.finditer(text))
    if introduced:
        return _read(text[introduced[-1].end() :], introduced=True)
    lead = _WEAK.match(text)
    start = lead.end() if lead else 0
    found = _read(text[start:], introduced=False)
    if found and _COPULA.search(text[:start]) and text[start : start + 1].isupper():
        return NameWords(found.name, introduced=True)
    return found


def _read(rest: str, *, introduced: bool) -> NameWords | None:
    head = _END.sub("", rest).strip()
    tokens = _TOKEN.findall(head)
    if not tokens or len(tokens) > MAX_TOKENS or re.search(r"\d", head):
        return None
    if any(token.lower().rstrip(".") in _NOT_NAMES for token in tokens):
        return None
    if not introduced and len(tokens) > 3:
        return None
    if len(tokens) == 1 and len(tokens[0].rstrip(".")) < 2:
        return None
    return NameWords(" ".join(_capital(token) for token in tokens), introduced)


def _capital(token: str) -> str:
    stripped = token if len(token) == 2 and token.endswith(".") else token.rstrip(".")
    return (
        stripped if any(c.isupper() for c in stripped) and not stripped.isupper() else stripped.title()
    )
