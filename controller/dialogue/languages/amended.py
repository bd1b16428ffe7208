"""Dictated numbers that their speaker corrects on the way, and how numbers are grouped to be read back.

Responsible for what is the same in every language; how a language says figures is its own business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from controller.dialogue.languages.base import Dictation


def readings(
    text: str,
    amending: re.Pattern[str],
    figures_of: Callable[[str], str],
    readings_of: Callable[[str, bool], Iterable[Dictation]],
    sounds_of: Callable[[str, bool], Iterable[Dictation]],
) -> tuple[Dictation, ...]:
    """All readings of `text`, the most likely first.

    `amending` matches the words of a correction ("no, sorry"). `figures_of` gives the digits in a text;
    `readings_of(piece, anew)` its readings, the best first, at least one where it has digits;
    `sounds_of` those by sound-alikes only. `anew`: a correction was heard. What was corrected may be
    the end of the number or all of it, so both are given.
    """
    pieces = [piece for piece in amending.split(text) if piece.strip()]
    while pieces and not figures_of(pieces[-1]):
        pieces.pop()
    if not pieces:
        return tuple(sounds_of(text, False))
    found = list(readings_of(pieces[-1], amending.search(text) is not None))
    if before := "".join(figures_of(piece) for piece in pieces[:-1]):
        last = found[0].digits
        if len(last) < len(before):
            found.append(Dictation(before[: -len(last)] + last, unsure=True, anew=True))
        found.append(Dictation(before + last, unsure=True))
    return tuple(dict.fromkeys(found))


def groups(figures: str, size: int) -> list[str]:
    """`figures` in pieces of `size`; no digit stands alone at the end."""
    pieces = [figures[i : i + size] for i in range(0, len(figures), size)]
    if len(pieces) > 1 and len(pieces[-1]) == 1:
        pieces[-2:] = [pieces[-2] + pieces[-1]]
    return pieces
