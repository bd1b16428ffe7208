"""English: words of anger, which neither answer nor ask anything."""

from __future__ import annotations

import re

SWEARING = re.compile(
    r"\b(?:(?:what|who|why|how|where) the (?:hell|heck|fuck)(?! (?:is|are|do|does|can|did)\b)"
    r"|the (?:hell|fuck)|(?:oh )?for (?:fuck|god|christ|heaven)'?s? sake|bloody hell|(?:go )?to hell"
    r"|(?:oh )?(?:holy |bull)?shit(?:ty)?|crap"
    r"|(?:mother)?fuck(?:ing|in|ed|er|ers|s)?(?: (?:off|you|it|this|that))?"
    r"|(?:god ?)?damn(?:ed)?(?: (?:it|you))?|dammit|piss off|screw you|you idiots?"
    r"|(?:you )?(?:bastards?|assholes?|arseholes?|bitch(?:es)?)"
    r"|(?:you )?(?:stupid|useless|bloody) (?:machine|robot|thing|bot|computer|idiots?))\b(?!')",
    re.IGNORECASE,
)
"""In raw text. No word that is a name, and none that a caller may need."""
