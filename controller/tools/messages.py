"""What callers are told when a tool fails: one safe sentence for each code, in every language."""

from __future__ import annotations

_SENTENCES = {
    "en": {
        "unknown_tool": "I'm afraid I can't do that.",
        "not_allowed": "I'm afraid I can't do that.",
        "bad_arguments": "I'm missing some details for that.",
        "timeout": "That's taking too long right now.",
        "failed": "That didn't work, I'm sorry.",
    },
    "zh": {
        "unknown_tool": "抱歉，这个我办不了。",
        "not_allowed": "抱歉，这个我办不了。",
        "bad_arguments": "办这件事还缺一些信息。",
        "timeout": "抱歉，现在处理得太慢了。",
        "failed": "抱歉，刚才没有办成。",
    },
}


def safe_to_say(code: str, language: str) -> str:
    """The sentence for a failure's code; never holds anything of the failure itself."""
    sentences = _SENTENCES.get(language.replace("_", "-").partition("-")[0].lower(), _SENTENCES["en"])
    return sentences.get(code, sentences["failed"])
