"""What callers are told when a tool fails: one safe sentence for each code, in every language."""

from __future__ import annotations

_SENTENCES = {
    "en": {
        "unknown_tool": "I'm afraid I can't do that.",
        "not_allowed": "I'm afraid I can't do that.",
        "bad_arguments": "I'm missing some details for that.",
        "timeout": "That's taking too long right now.",
        "failed": "That didn't work, I'm sorry.",
        "unavailable": "I can't pass that on right now.",
        "not_found": "I can't find that.",
        "busy": "The line is busy right now.",
        "no_answer": "Nobody is answering right now.",
        "rejected": "Nobody can take the call right now.",
        "destination_not_allowed": "I'm afraid I can't connect you to that number.",
        "no_number": "I don't have a number that I could send this to.",
        "no_phone_call": "I can't connect you from here.",
    },
    "zh": {
        "unknown_tool": "抱歉，这个我办不了。",
        "not_allowed": "抱歉，这个我办不了。",
        "bad_arguments": "办这件事还缺一些信息。",
        "timeout": "抱歉，现在处理得太慢了。",
        "failed": "抱歉，刚才没有办成。",
        "unavailable": "抱歉，现在暂时办不了。",
        "not_found": "抱歉，没有查到。",
        "busy": "对方现在占线。",
        "no_answer": "现在没有人接听。",
        "rejected": "现在没有人能接听。",
        "destination_not_allowed": "抱歉，我不能转接到这个号码。",
        "no_number": "抱歉，我没有可以发送的号码。",
        "no_phone_call": "抱歉，在这里我无法转接。",
    },
}


def safe_to_say(code: str, language: str) -> str:
    """The sentence for a failure's code; never holds anything of the failure itself."""
    sentences = _SENTENCES.get(language.replace("_", "-").partition("-")[0].lower(), _SENTENCES["en"])
    return sentences.get(code, sentences["failed"])
