"""Settings of a flow's helper: a language model that words and reads. Off by default."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from controller.dialogue.agent.options import Endpoint
from controller.setting_types import Section

if TYPE_CHECKING:
    from controller.dialogue.flow.llm.options import HelpOptions

Wait = Annotated[int, Field(ge=50, le=10_000)]


class FlowHelpSettings(Section):
    """A language model beside a flow, for bots with strategy = "flow"."""

    polish: bool = Field(False, description="say the flow's sentences in friendlier words, facts kept")
    understand: bool = Field(False, description="read free speech where the flow understood nothing")
    explain: bool = Field(False, description="choose among the flow's explanations when asked why")
    base_url: str = Field("", description="OpenAI-compatible server, such as http://127.0.0.1:8000/v1")
    model: str = Field("", description="model of that server; a small, fast one")
    fallback_model: str = Field("", description="asked when the first fails; empty: none")
    api_key: str = Field(
        "", description="the server's key (a secret); empty: see api_key_env", repr=False
    )
    api_key_env: str = Field("LLM_API_KEY", description="environment variable that holds the key")
    temperature: Annotated[float, Field(ge=0, le=2)] = Field(0.2, description="freedom of wording")
    polish_ms: Wait = Field(
        400, description="longest wait for friendlier words, then the flow's are said"
    )
    understand_ms: Wait = Field(1500, description="longest wait for a reading, then it asks again")
    explain_ms: Wait = Field(1500, description="longest wait for an explanation")

    @model_validator(mode="after")
    def _reachable(self) -> FlowHelpSettings:
        if self.enabled and not (self.base_url and self.model):
            raise ValueError("polish, understand and explain need base_url and model")
        return self

    @property
    def enabled(self) -> bool:
        """Whether any of it is on."""
        return self.polish or self.understand or self.explain

    def options(self) -> HelpOptions | None:
        """The helper's options; None when all of it is off."""
        if not self.enabled:
            return None
        from controller.dialogue.flow.llm.options import HelpOptions  # flows load a lot; settings don't

        models = (self.model, *filter(None, [self.fallback_model]))
        key = self.api_key or os.environ.get(self.api_key_env, "")
        return HelpOptions(
            Endpoint(self.base_url, models, key, self.temperature),
            polish_ms=self.polish_ms if self.polish else 0,
            understand_ms=self.understand_ms if self.understand else 0,
            explain_ms=self.explain_ms if self.explain else 0,
        )
