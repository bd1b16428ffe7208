"""Chinese: how characters sound, for comparing what may have been misheard. Tones are left out:
recognisers confuse them most."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import lazy_pinyin


@lru_cache(maxsize=512)
def sound(text: str) -> str:
    """Pinyin without tones, a space between syllables: "红色" → "hong se"; Latin stays as it is."""
    return " ".join(lazy_pinyin(text))
