"""Settings of the agent strategy: the language model, the persona, the bounds of a reply."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

from controller.dialogue.agent.options import AgentOptions, Endpoint, Limits
from controller.setting_types import Section

PERSONAS = {
    "en": "You are a friendly, efficient telephone assistant.",
    "zh": "你是一位亲切、干练的电话客服。",
}
GREETINGS = {"en": "Hello, how can I help you?", "zh": "您好，请问有什么可以帮您？"}


class AgentSettings(Section):
    """Free conversation by a language model; used by bots with strategy = "agent"."""

    base_url: str = Field("", description="OpenAI-compatible server, such as http://127.0.0.1:8000/v1")
    model: str = Field("", description="model of that server")
    fallback_model: str = Field("", description="asked when the first fails; empty: none")
    api_key: str = Field(
        "", description="the server's key (a secret); empty: see api_key_env", repr=False
    )
    api_key_env: str = Field("LLM_API_KEY", description="environment variable that holds the key")
    temperature: Annotated[float, Field(ge=0, le=2)] = Field(0.4, description="freedom of wording")
    max_tokens: Annotated[int, Field(ge=16, le=4096)] = Field(
        300, description="longest answer, in tokens"
    )
    reply_chars: Annotated[int, Field(ge=50, le=10_000)] = Field(
        1200, description="longest answer that is spoken, in characters"
    )
    first_token_s: Annotated[float, Field(gt=0, le=30)] = Field(
        2.5, description="wait for a model's first words before the fallback model is asked"
    )
    total_s: Annotated[float, Field(gt=0, le=120)] = Field(20, description="longest time for one answer")
    tool_rounds: Annotated[int, Field(ge=0, le=8)] = Field(3, description="tool requests in one turn")
    calls_per_round: Annotated[int, Field(ge=1, le=8)] = Field(2, description="tools asked for at once")
    context_tokens: Annotated[int, Field(ge=500, le=1_000_000)] = Field(
        6000, description="size of the conversation that is told; older turns are summarised"
    )
    persona: str = Field("", description="who the bot is and what it does; empty: a general assistant")
    greeting: str | None = Field(
        None, description="first words, said as they are; unset: the language's; empty: the model greets"
    )
    knowledge: bool = Field(False, description="look things up in the knowledge base")
    sources: tuple[str, ...] = Field(
        (), description="documents it may use, by name or pattern (shoes_*.md); empty: all"
    )
    passages: Annotated[int, Field(ge=1, le=20)] = Field(4, description="passages given to the model")

    def options(self, language: str) -> AgentOptions:
        """The agent of a bot that speaks `language`."""
        models = (self.model, *filter(None, [self.fallback_model]))
        return AgentOptions(
            endpoint=Endpoint(
                self.base_url,
                models,
                self.api_key or os.environ.get(self.api_key_env, ""),
                self.temperature,
                self.max_tokens,
            ),
            language=language,
            persona=self.persona or PERSONAS.get(language, PERSONAS["en"]),
            greeting=GREETINGS.get(language, GREETINGS["en"])
            if self.greeting is None
            else self.greeting,
            limits=Limits(
                first_token_s=self.first_token_s,
                total_s=self.total_s,
                reply_chars=self.reply_chars,
                tool_rounds=self.tool_rounds,
                calls_per_round=self.calls_per_round,
                context_tokens=self.context_tokens,
                passages=self.passages,
            ),
        )
