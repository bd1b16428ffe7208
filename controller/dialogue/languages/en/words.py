"""English words of agreement, refusal and conversation, and the sentences every flow may need."""

from __future__ import annotations

import re
from functools import lru_cache

from controller.dialogue.languages.base import Intent, Phrase
from controller.dialogue.normalise import plain

PHRASES = {
    Phrase.TAKE_YOUR_TIME: "Sure, take your time.",
    Phrase.GO_AHEAD: "Of course, go ahead.",
    Phrase.WELCOME: "You're welcome.",
    Phrase.HELLO: "Hello, I'm listening.",
    Phrase.ROBOT: "Yes, I'm an automated assistant.",
    Phrase.DONT_KNOW: "I'm afraid I can't answer that.",
    Phrase.EXCUSE: "I'm sorry for the trouble.",
    Phrase.NOT_UNDERSTOOD: "Sorry, I didn't catch that.",
    Phrase.STILL_THERE: "Are you still there?",
    Phrase.NO_PROBLEM: "No problem.",
    Phrase.ONE_MOMENT: "One moment, please.",
    Phrase.GOODBYE: "Thank you for calling. Goodbye.",
    Phrase.SILENT_GOODBYE: "I can't hear you at the moment. Please call again. Goodbye.",
    Phrase.GIVING_UP: "I'm sorry, I can't understand you well. Please call again later. Goodbye.",
    Phrase.IS_THAT_RIGHT: "Is that right?",
    Phrase.WHICH_IS_WRONG: "Which one should I change?",
    Phrase.NO_COLLEAGUE: "I can't put you through from here.",
    Phrase.CANCELLED: "All right, I've stopped there. Goodbye.",
    Phrase.WHICH_DAY: "And on which day?",
    Phrase.WHICH_TIME: "And at what time?",
    Phrase.WHICH_MORNING_TIME: "What time in the morning?",
    Phrase.WHICH_AFTERNOON_TIME: "What time in the afternoon?",
    Phrase.WHICH_EVENING_TIME: "What time in the evening?",
    Phrase.DAY_PASSED: "I'm afraid that has already passed.",
    Phrase.DAY_CLOSED: "I'm afraid we're closed that day.",
    Phrase.TIME_CLOSED: "I'm afraid we're closed at that time.",
    Phrase.NO_SUCH_DAY: "I can't find that day in the calendar.",
    Phrase.WHICH_OF_THEM: "Which of them would suit you better?",
    Phrase.WRONG_LENGTH: "That doesn't seem to be the whole number.",
    Phrase.GO_ON: "Go on.",
    Phrase.TOO_MANY_DIGITS: "That has too many digits.",
    Phrase.DIGIT_WRONG: "One of the digits doesn't seem to be right.",
    Phrase.NO_SUCH_PHONE: "That doesn't seem to be a phone number in use.",
    Phrase.SEVERAL_NUMBERS: "I heard more than one number.",
    Phrase.NOT_EXACT: "I need the exact number.",
    Phrase.NOT_WHOLE: "It has to be a whole number.",
    Phrase.TOO_LITTLE: "I'm afraid that's too little.",
    Phrase.TOO_MUCH: "I'm afraid that's too much.",
    Phrase.OTHER_CURRENCY: "I'm afraid I can't take another currency.",
    Phrase.WHICH_YEAR: "And in which year?",
    Phrase.DAY_TO_COME: "That day is still to come.",
    Phrase.DAY_TOO_FAR: "I'm afraid that's too far ahead.",
    Phrase.WRONG_ADDRESS: "That doesn't seem to be a whole e-mail address.",
    Phrase.WRONG_CODE: "That doesn't look like one of our codes.",
}

_LEAD = (
    r"(?:(?:oh|well|okay|ok|so|and|but|no|yes|yeah|sorry|excuse me|hey|hello|hi|actually"
    r"|please|alright) )*"
)
_TAIL = r"(?: (?:please|thanks|thank you|then|now|for me|again|sorry|sir|madam))*"


def _whole(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"{_LEAD}(?:{'|'.join(alternatives)}){_TAIL}")


_PERSON = (
    r"(?:a |an |the |some )?(?:real |live |human |actual )?(?:person|human|human being"
    r"|agent|operator|someone"
    r"|somebody|representative|receptionist|advisor|adviser|colleague|member of staff"
    r"|manager|doctor|nurse)"
)
_MY_APPOINTMENT = r"(?:my |the |this |that )?(?:appointment|booking|reservation|visit)"

INTENTS = {
    Intent.REPEAT: _whole(
        r"(?:can|could|would|will) you (?:just )?(?:repeat|say)(?: that| it| the question)?(?: again"
        r"| one more time| once more)?",
        r"(?:repeat|say)(?: that| it| the question)?(?: again| once more| one more time)?",
        r"(?:pardon|pardon me|come again|once more|one more time|say that again|sorry|excuse me"
        r"|what|huh|again)",
        r"what(?:'s that| did you say| was that| was the question)(?: again)?",
        r"i (?:didn't|did not|couldn't|could not|can't) (?:hear|catch|get|understand)(?: that"
        r"| you| it| what you said)?",
    ),
    Intent.GOODBYE: _whole(
        r"(?:good ?bye|bye|bye bye|see you|see you later|take care|have a (?:nice|good) day|good night)",
        r"(?:thank you|thanks)(?: very much| so much| a lot)?(?: and)? (?:that is|that's"
        r"|that was|that will be|that'll be) (?:all|it|everything)",
        r"(?:that is|that's|that was|that will be|that'll be) (?:all|it|everything)(?: i need"
        r"| i needed)?",
        r"(?:thank you|thanks) (?:and )?(?:good ?bye|bye|bye bye)",
        r"i (?:have to|need to|must|gotta|have got to) (?:go|hang up)",
        r"nothing else",
    ),
    Intent.WAIT: _whole(
        r"(?:just )?(?:wait|hold on|hang on|one|give me|just)(?: for)?(?: a| one| just a)?(?: quick)?"
        r" (?:second|sec|moment|minute|bit)",
        r"(?:wait|hold on|hang on|stop|stop it|stop stop|wait wait|stop talking|shut up|be quiet"
        r"|quiet|bear with me|slow down)",
        r"let me (?:think|see|check|look)(?: about (?:it|that))?",
        r"(?:just )?(?:a|one) (?:second|sec|moment|minute)",
    ),
    Intent.ATTENTION: _whole(
        r"(?:can|could|may) i (?:just )?(?:say|ask|tell you)(?: you)? (?:something|a question)",
        r"i (?:have|'ve got|have got) a question",
        r"(?:let me|can i) (?:speak|talk|interrupt)",
    ),
    Intent.CANCEL: _whole(
        rf"(?:i (?:need|want|would like|have|wish) to |i'd like to |can i |could i |can you "
        rf"|let's )?cancel(?: {_MY_APPOINTMENT}| it| that| everything)?",
        r"(?:forget it|never ?mind|forget about it|i changed my mind|i don't want (?:it|this"
        r"|an appointment)(?: anymore| any more)?)",
    ),
    Intent.PERSON: _whole(
        rf"(?:i (?:want|need|would like|'d like|wish) to |i'd like to |can i |could i |may i "
        rf"|let me )?(?:please )?(?:speak|talk|be connected) (?:to|with) {_PERSON}",
        rf"(?:put me through|connect me|transfer me)(?: to {_PERSON})?",
        rf"(?:i want |i need |give me |get me )?{_PERSON}",
        r"is there (?:a|any) (?:person|human|one|body|real person) (?:i can|there|to) ?(?:speak"
        r"|talk)?(?: to| with)?",
    ),
    Intent.WRONG: _whole(
        r"(?:that|this|it)(?: is|'s| was)(?: all| completely| totally)?"
        r" (?:wrong|incorrect|not (?:quite )?(?:right|correct)|a mistake)",
        r"that(?: isn't| wasn't)(?: quite)? (?:right|correct|what i (?:said|meant))",
        r"(?:that's|that is|that was) not what i (?:said|meant)",
        r"(?:wrong|incorrect|you got (?:that|it|me) wrong|you misunderstood(?: me)?"
        r"|there(?: is|'s) (?:a|some) mistake|something(?: is|'s) wrong|i made a mistake)",
    ),
    Intent.BACK: _whole(
        r"(?:(?:can|could) (?:we|you|i) |let's |let me |i want to |i'd like to |please )?"
        r"(?:go|going|step|move) back(?: (?:a step|one step|one|one question|a question"
        r"|to the (?:last|previous) (?:question|one|step)))?",
        r"(?:back|back please|one step back|previous question"
        r"|the (?:previous|last) (?:question|one|step))",
    ),
    Intent.THANKS: _whole(
        r"(?:thanks|thank you|cheers)(?: very much| so much| a lot| very kindly)?(?: indeed)?"
    ),
    Intent.HELLO: _whole(
        r"(?:hello|hi|hey|good (?:morning|afternoon|evening)|hello hello|hi there|hello there)",
        r"(?:can|do) you hear me",
        r"(?:is (?:anyone|anybody|somebody|someone) there|are you (?:still )?there)",
    ),
    Intent.ROBOT: _whole(
        r"(?:are you|is this|am i (?:talking|speaking) (?:to|with)) (?:a |an )?(?:robot|machine"
        r"|bot|computer|ai|real person|human|person|recording)(?: or (?:a )?\w+)?",
        r"(?:who|what) (?:are you|am i (?:talking|speaking) to|is this)",
    ),
    Intent.LISTENING: re.compile(
        r"(?:(?:mm ?hm+|mhm|mm+|hm+|uh ?huh|ah|oh|okay|ok|right|i see|got it|alright|all right"
        r"|sure|you|so) ?)+"
    ),
}

LOOSE_INTENTS = {
    Intent.PERSON: re.compile(
        rf"\b(?:speak|talk)(?:ing)? (?:to|with) {_PERSON}\b|\b(?:real|live) (?:person|human)\b"
    ),
    Intent.CANCEL: re.compile(rf"\bcancel {_MY_APPOINTMENT}\b"),
    Intent.REPEAT: re.compile(r"\b(?:repeat (?:that|it|the)|say (?:that|it) again|what did you say)\b"),
    Intent.GOODBYE: re.compile(r"\b(?:good ?bye|bye bye)\b"),
    Intent.WAIT: re.compile(
        r"\b(?:wait a|hold on|hang on|just a (?:sec|mom|min)|let me (?:think|check|look))"
    ),
}

NO = re.compile(
    r"(?:(?:oh|well|sorry|hm+|actually|now|i'm afraid) )*"
    r"(?:(?:yeah |yes )?no\b(?! (?:problem|worries|doubt"
    r"|objection))|nope|nah|not\b(?! (?:bad|sure|certain))|never\b"
    r"|(?:of course|absolutely|definitely|certainly|probably|i guess|i think|i'm afraid|i suppose|maybe"
    r"|perhaps|sure|better|please do) not\b|i(?:'d| would) prefer not|that(?:'s| is) a no"
    r"|(?:hell|god) no|please don't|hardly\b|no thanks|negative|wrong|incorrect"
    r"|i (?:do not|don't|would not|wouldn't|can't|cannot|didn't|did not|haven't|have not)\b(?! (?:know"
    r"|mind|understand|see why not))"
    r"|that(?: is|'s) (?:not|wrong|incorrect)|that isn't|it(?: is|'s) (?:not|wrong)|it isn't"
    r"|that was wrong|rather not"
    r"|i'd rather not|maybe (?:later|another time)|no way|thanks but no)"
)
YES = re.compile(
    r"(?:(?:oh|well|um|okay|ok|and|so|now|hm+) )*"
    r"(?:yes\b|yeah|yep|yup|ya\b|yea\b|aye|sure|of course|certainly|definitely|absolutely"
    r"|correct|right\b|exactly|okay\b|ok\b"
    r"|i (?:guess|think|suppose)(?: so| yes)?$"
    r"|indeed|fine\b|perfect|please do|go ahead|all right|alright|mm ?hm+|uh ?huh|affirmative"
    r"|great\b|good\b|why not|i (?:don't|can't) see why not|no (?:problem"
    r"|worries|doubt|objection)|you bet|by all means|totally\b"
    r"|course\b|i'd (?:like|be happy)|i would like that|let's do (?:it"
    r"|that)|go for it|that'd be|that would|i don't mind|i do\b"
    r"|you may|you can|i would(?! like to)|i'd love|sounds (?:good|great|fine|right)"
    r"|that(?: is|'s| sounds| works| would be| will be|'ll be|'d be)? ?"
    r"(?:right|correct|fine|good|great|it|okay|ok|perfect|true|works)|that works|it (?:is|does|was)\b"
    r"|it(?: is|'s) (?:right|correct|fine|true)|everything(?: is|'s) (?:right|correct"
    r"|fine)|no problem|not bad|please\b(?! (?:stop|don't|do not|leave|remove|take)))"
)
NOTHING = re.compile(
    rf"{_LEAD}(?:no|nope|nothing|nothing else|no that is all|that is all|that's all|that's it"
    rf"|no that's all|nothing really|not really|none|no comment|no comments|nothing at all"
    rf"|skip|skip it|i don't know"
    r"|i don't think so|nothing (?:to add|comes to mind|i can think of|in particular"
    r"|special)|not that i can think of|everything was (?:fine|good|great|perfect))"
    rf"{_TAIL}"
)
QUESTION = re.compile(
    rf"{_LEAD}(?:what|how|where|when|why|who|which|whose|do you|does|is there|are there"
    rf"|is it|are you|is your|can you|can i|could i|could you"
    r"|will you|would you|may i|should i|have you|i (?:wanted|want|would like|have) to (?:ask"
    r"|know)|tell me)\b"
)
CORRECTION = re.compile(
    r"\b(?:i meant?(?: to say)?|make (?:it|that)|(?:change|move) (?:it|that|this)? ?to"
    r"|i said|it should be|it's actually|actually"
    r"|rather|instead|sorry|no wait|no no|correction|not [a-z]+(?: the [a-z0-9]+)? but"
    r"|wait|oh no|no|let's (?:say|do))\b"
)
CHANGE = re.compile(
    r"\b(?:change|reschedule|re-?schedule|move|correct|fix|(?:an?)?other|different|(?:is"
    r"|was|got|have) (?:\w+ )?(?:wrong|incorrect)|wrong|not right)\b"
)
RATINGS = (
    (
        re.compile(
            r"\b(?:very|extremely|totally|really|completely) (?:dissatisfied|unsatisfied|unhappy"
            r"|disappointed|bad|poor)\b|\b(?:terrible|awful|horrible|worst)\b|not (?:satisfied "
            r"|happy )?at all"
        ),
        1,
    ),
    (
        re.compile(
            r"\b(?:dissatisfied|unsatisfied|unhappy|disappointed|bad|poor|not (?:very |really "
            r"|so |that )?(?:satisfied|happy|good|great))\b"
        ),
        2,
    ),
    (
        re.compile(
            r"\b(?:neutral|so so|average|neither|in the middle|medium|mediocre|(?:it was|just"
            r"|quite) (?:okay|ok|all right|alright)|not bad|fairly (?:satisfied|happy))\b"
        ),
        3,
    ),
    (
        re.compile(
            r"\b(?:very|extremely|totally|really|completely|fully|absolutely|highly) (?:satisfied"
            r"|happy|good|pleased|content)\b|\b(?:excellent|perfect|fantastic|wonderful|amazing"
            r"|outstanding|brilliant)\b"
        ),
        5,
    ),
    (re.compile(r"\b(?:satisfied|happy|good|pleased|great|fine|content)\b"), 4),
)

_FILLERS = re.compile(r"\b(?:u+m+|u+h+m*(?! ?huh)|e+r+m*|like i said|you know)\b(?!-)")
_PUNCTUATION = re.compile(r"[^\w\s':.\-]")
_LOOSE_MARKS = re.compile(r"(?<!\d)[.:\-]|[.:\-](?!\d)")
_SPACES = re.compile(r"\s+")
_LAST = re.compile(
    r"(?:^|\s)(?:and|or|but|because|so|then|with|to|the|a|an|at|of|for|from|is|are|was"
    r"|my|i|i'm|it's|um+|uh+|er+m?|if|maybe|about|on|in"
    r"|next|this|half|quarter|past|like|well|let me|would|around|by|not|than|no wait|actually)[.,…]*$"
)
_MISTAKEN_AGREEMENT = (
    (re.compile(r"^(?:us|u s|u\.s|yet) (?=please$)"), "yes "),
    (re.compile(r"^(?:loki|okey|oki)$"), "okay"),
    (re.compile(r"^(?:nah? thank you|know thank you|now thank you)$"), "no thank you"),
    (re.compile(r"^(?:know|noh)$"), "no"),
    (re.compile(r"^(?:yea|yeh|yas|yess)$"), "yes"),
)
"""Whisper tiny on the recorded test speech, and homophones; nothing else answers yes or no."""
_MERIDIEM = re.compile(r"\b([ap])\.? ?m\b\.?")


@lru_cache(maxsize=256)
def clean(raw: str) -> str:
    """Lower case, no punctuation but what stands inside numbers and words, no fillers."""
    text = _MERIDIEM.sub(r"\1m", plain(raw).lower().replace("o'clock", "oclock"))
    text = _PUNCTUATION.sub(" ", text)
    text = _LOOSE_MARKS.sub(" ", text)
    return _SPACES.sub(" ", _FILLERS.sub(" ", text)).strip()


def mistaken_agreement(text: str) -> str:
    """Clean text, said to a yes/no question, with what recognisers print for yes and no replaced."""
    for pattern, meant in _MISTAKEN_AGREEMENT:
        text = pattern.sub(meant, text)
    return text


def unfinished(raw: str) -> bool:
    """Whether the speaker seems to be in the middle of a sentence."""
    text = plain(raw).lower()
    return text.endswith((",", "...", "…", "-")) or _LAST.search(text) is not None
