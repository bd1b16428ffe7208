"""How one bot listens and talks: the numbers and phrases that the kernel's policies go by.

Pure data with its documentation; `controller.settings` nests these models, so every field here is a
setting. Milliseconds throughout unless the name says seconds.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Ms = Annotated[int, Field(ge=0, le=60_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EndpointSettings(_Frozen):
    """When the caller's turn is over, counted from the acoustic end of speech."""

    hypothesis_ms: Ms = Field(80, description="silence after which a speculative transcript is made")
    stop_ms: Ms = Field(300, description="silence that ends a turn")
    complete_ms: Ms = Field(180, description="the same, when the words so far answer the question")
    incomplete_ms: Ms = Field(900, description="the same, when they end in 'and', 'because', '嗯'")
    min_utterance_ms: Ms = Field(60, description="shorter sounds are not an utterance")
    max_utterance_s: float = Field(60, gt=0, le=600, description="a longer turn is cut here")


class BargeInSettings(_Frozen):
    """When a caller who talks over the bot takes the turn."""

    enabled: bool = Field(True, description="off: the bot always finishes")
    min_ms: Ms = Field(160, description="voice that makes the bot fall silent and listen")
    min_words: int = Field(1, ge=1, le=10, description="words that are no backchannel and take the turn")
    take_ms: Ms = Field(
        420, description="voice whose words take the turn; shorter only an answer, or 'stop'"
    )
    confirm_ms: Ms = Field(1500, description="voice that takes the turn even before words are known")
    tail_ms: Ms = Field(600, description="voice in the last part of a reply is an early answer")
    resume_ms: Ms = Field(1500, description="the bot goes on if no words are known so long after")
    backchannels: frozenset[str] | None = Field(
        None, description="words that never interrupt; default: a list of the bot's language"
    )


class SilenceSettings(_Frozen):
    """What happens when the caller says nothing."""

    prompt_s: float = Field(7, gt=0, le=120, description="silence before the bot asks again")
    max_prompts: int = Field(2, ge=0, le=10, description="times it asks again before it says goodbye")


class LimitSettings(_Frozen):
    """Bounds on one session."""

    session_s: float = Field(900, gt=0, le=14_400, description="the longest session")
    reply_s: float = Field(12, gt=0, le=120, description="wait for a reply's first words")
    filler_s: float = Field(1.2, gt=0, le=30, description="thinking time before 'one moment'")
    final_s: float = Field(4, gt=0, le=30, description="wait for a final transcript")
    goodbye_s: float = Field(15, gt=0, le=60, description="wait for a goodbye to be heard")
    dtmf_gap_s: float = Field(2, gt=0, le=20, description="pause that ends a row of key presses")


class Phrases(_Frozen):
    """What the kernel itself may say."""

    fallback: str
    repeat: str
    filler: str
    goodbye: str
    no_input_goodbye: str
    time_limit: str


ENGLISH = Phrases(
    fallback="Sorry, I can't answer that right now.",
    repeat="Sorry, could you say that again?",
    filler="One moment, please.",
    goodbye="Thank you for calling. Goodbye.",
    no_input_goodbye="I can't hear you, so I'll hang up now. Goodbye.",
    time_limit="I'm sorry, our time is up. Goodbye.",
)
CHINESE = Phrases(
    fallback="抱歉，我现在没法回答这个问题。",
    repeat="不好意思，请您再说一遍。",
    filler="请稍等。",
    goodbye="感谢您的来电，再见。",
    no_input_goodbye="我听不到您的声音，先挂断了，再见。",
    time_limit="抱歉，通话时间到了，再见。",
)


def phrases_for(language: str) -> Phrases:
    """The kernel's phrases in a language; English where there is no translation."""
    return CHINESE if language.startswith("zh") else ENGLISH


class Profile(_Frozen):
    """All that the kernel knows of a bot."""

    name: str
    language: str = "en"
    endpoint: EndpointSettings = EndpointSettings()
    barge_in: BargeInSettings = BargeInSettings()
    silence: SilenceSettings = SilenceSettings()
    limits: LimitSettings = LimitSettings()
    phrases: Phrases = ENGLISH
