"""How one agent is set up: plain values, made from the settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server. `models`: first choice, then fallbacks; all on this server."""

    base_url: str
    models: tuple[str, ...]
    api_key: str = field(default="", repr=False)
    temperature: float = 0.4
    max_tokens: int = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one reply and on what the model is told.

    `first_token_s`, `total_s`: of one request. `reply_chars`: words of one answer that are spoken.
    `tool_rounds`: times that tools may be asked for in a turn, `calls_per_round`: how many at once.
    `context_tokens`: estimated size of what the model is told of the conversation.
    """

    first_token_s: float = 2.5
    total_s: float = 20.0
    reply_chars: int = 1200
    tool_rounds: int = 3
    calls_per_round: int = 2
    context_tokens: int = 6000
    passages: int = 4


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """One agent. `language`: a code such as "en". `greeting` is said as it is; empty: the model
    greets."""

    endpoint: Endpoint
    language: str
    persona: str
    greeting: str = ""
    limits: Limits = Limits()
