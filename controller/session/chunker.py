"""Cutting a streamed reply into speakable chunks. Pure; told text, gives chunks.

The rules, in order (numbers are of CJK characters / of words):
1. Cut at a sentence end once the chunk holds >= 2 / >= 2; never inside a number, an abbreviation, an
   initial, a URL or an e-mail address.
2. The first chunk of a reply may cut at a clause mark after >= 6 / >= 4, to start early.
3. A chunk longer than 60 CJK or 200 other characters cuts at its last clause mark or space.
4. `stalled()`: no new text for 350 ms with >= 8 / >= 4 waiting: cut at the last space (any CJK place).
5. `flush()` gives the rest.

Chunks keep the text as it came (Markdown and all) but for white space at their ends: what is said is
made speakable later, what is shown is what was written.
"""

from __future__ import annotations

import re

from controller.session.words import CJK, cjk_count, words

STALL_MS = 350
_MAX_CJK = 60
_MAX_OTHER = 200
_CJK_ENDS = "。！？…"
_CJK_CLAUSES = "，；：、"
_CLOSERS = "\"'”’)）」』】]*_~"
_TITLES = frozenset(
    "mr|mrs|ms|dr|prof|st|sr|jr|vs|e.g|i.e|inc|ltd|corp|dept|approx|ave|blvd|rd|mt|fig|vol|jan|feb|apr"
    "|jun|jul|aug|sep|sept|oct|nov|dec|mon|tue|wed|thu|fri|u.s|u.k".split("|")
)
_SOMETIMES = frozenset("no|co|etc|a.m|p.m|mar|sat|sun".split("|"))
"""Abbreviations that also end sentences, or are words: what follows decides."""
_TOKEN_BEFORE = re.compile(rf"[^\s{CJK}]*$")
_LINKLIKE = re.compile(r"(?:https?://|www\.)\S*$|\S+@\S*$", re.IGNORECASE)


class Chunker:
    """One reply's stream. Feed pieces of any size."""

    def __init__(self, *, first: bool = True) -> None:
        self._buffer = ""
        self._first = first
        self._scanned = 0

    @property
    def waiting(self) -> str:
        """Text that is not a chunk yet."""
        return self._buffer

    @property
    def may_stall(self) -> bool:
        """Whether enough waits for rule 4 to cut it."""
        return _holds(self._buffer, 8, 4)

    def feed(self, text: str) -> list[str]:
        """Add text; the chunks that are complete now."""
        self._buffer += text
        chunks: list[str] = []
        while (cut := self._next_cut()) is not None:
            self._take(cut, chunks)
        return chunks

    def stalled(self) -> list[str]:
        """No text came for STALL_MS: what can be said meanwhile."""
        chunks: list[str] = []
        if self.may_stall:
            self._take(_last_gap(self._buffer) or len(self._buffer), chunks)
        return chunks

    def flush(self) -> list[str]:
        """The stream is over: the rest."""
        chunks: list[str] = []
        self._take(len(self._buffer), chunks)
        return chunks

    def _take(self, cut: int, chunks: list[str]) -> None:
        chunk, self._buffer = self._buffer[:cut].strip(), self._buffer[cut:]
        self._scanned = 0
        if chunk:
            chunks.append(chunk)
            self._first = False

    def _next_cut(self) -> int | None:
        """Where the next chunk ends, or None while more text is needed."""
        buffer = self._buffer
        i = self._scanned
        while i < len(buffer):
            mark = buffer[i]
            if self._needs_more(i, mark):
                break
            if self._is_sentence_end(i, mark):
                end = _after_closers(buffer, i + 1)
                if _holds(buffer[:end], 2, 2):
                    return end
            elif self._first and self._is_clause_end(i, mark) and _holds(buffer[: i + 1], 6, 4):
                return i + 1
            i += 1
        self._scanned = i
        return self._overlong_cut()

    def _needs_more(self, i: int, mark: str) -> bool:
        """Whether only what follows can tell: "3." may become "3.5", "a.m." may end a sentence."""
        if mark in ",;:":
            return i + 1 >= len(self._buffer)
        if mark not in ".!?":
            return False
        end = _after_closers(self._buffer, i + 1)
        if end >= len(self._buffer):
            return True
        return not self._buffer[end:].strip() and _last_token(self._buffer[:i]).lower() in _SOMETIMES

    def _is_sentence_end(self, i: int, mark: str) -> bool:
        if mark in _CJK_ENDS or mark == "\n":
            return True
        if mark not in ".!?":
            return False
        end = _after_closers(self._buffer, i + 1)
        follows = self._buffer[end : end + 1]
        if follows and not follows.isspace() and not re.match(f"[{CJK}]", follows):
            return False  # inside a number, URL, address or "?!"
        if mark != ".":
            return True
        return not _is_abbreviation(self._buffer[:i], self._buffer[end:].lstrip()[:1])

    def _is_clause_end(self, i: int, mark: str) -> bool:
        if mark in _CJK_CLAUSES:
            return True
        return mark in ",;:" and self._buffer[i + 1 : i + 2].isspace()

    def _overlong_cut(self) -> int | None:
        buffer = self._buffer
        cjk = cjk_count(buffer)
        if cjk <= _MAX_CJK and len(buffer) - cjk <= _MAX_OTHER:
            return None
        window = buffer[: _MAX_OTHER if cjk <= _MAX_CJK else _position_of_cjk(buffer, _MAX_CJK)]
        clause = max((window.rfind(m) for m in _CJK_CLAUSES + ",;:"), default=-1)
        return clause + 1 if clause > 0 else (_last_gap(window) or len(window))


def chunk_all(text: str, *, first: bool = True) -> list[str]:
    """Chunks of a finished text, as a stream of it would give them."""
    chunker = Chunker(first=first)
    return chunker.feed(text) + chunker.flush()


def _holds(text: str, cjk: int, latin: int) -> bool:
    n = cjk_count(text)
    return n >= cjk or len(words(text)) - n >= latin


def _after_closers(text: str, i: int) -> int:
    while i < len(text) and text[i] in _CLOSERS + ".!?。！？…":
        i += 1
    return i


def _last_token(text: str) -> str:
    match = _TOKEN_BEFORE.search(text)
    return (match.group() if match else "").lstrip("\"'“‘(（[*_")


def _is_abbreviation(before: str, following: str) -> bool:
    last = _last_token(before)
    if _LINKLIKE.search(last):
        return False  # a link at the end of a sentence
    lowered = last.lower()
    if lowered in _TITLES:
        return True
    if lowered in _SOMETIMES:
        return following.isdigit() or following.islower()
    if len(last) == 1 and last.isalpha() and last.isupper() and last != "I":
        return True  # J. Smith
    return bool(re.fullmatch(r"\d{1,2}", last)) and not before[: -len(last)].strip()  # "1. First"


def _last_gap(text: str) -> int | None:
    """The last place where a cut doesn't split a word, or None."""
    for i in range(len(text) - 1, 0, -1):
        if text[i].isspace():
            return i
        if re.match(f"[{CJK}]", text[i - 1]) and re.match(f"[{CJK}]", text[i]):
            return i + 1 if i + 1 == len(text) else i
    return None


def _position_of_cjk(text: str, count: int) -> int:
    seen = 0
    for i, char in enumerate(text):
        seen += cjk_count(char)
        if seen >= count:
            return i + 1
    return len(text)
