"""Settings of the knowledge base: what makes the meaning of its documents comparable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from controller.setting_types import Section

if TYPE_CHECKING:
    from controller.dialogue.knowledge.base import Meaning
    from controller.dialogue.knowledge.embedding import Embedder

MODEL_CACHE = "models"
"""Inside the knowledge directory: the embedded model as it was converted."""


class KnowledgeSettings(Section):
    """Embeddings of documents and questions: by the model that comes along, or by a server."""

    base_url: str = Field(
        "", description="OpenAI-compatible server for embeddings; empty: the model that comes along"
    )
    model: str = Field("", description="embedding model of that server")
    api_key: str = Field(
        "", description="the server's key (a secret); empty: see api_key_env", repr=False
    )
    api_key_env: str = Field("EMBEDDINGS_API_KEY", description="environment variable that holds the key")
    dimensions: Annotated[int, Field(ge=8, le=8192)] = Field(
        1536, description="numbers in each of that model's vectors"
    )
    query_ms: Annotated[int, Field(ge=20, le=10_000)] = Field(
        500, description="wait for a question's vector before keywords alone are used"
    )

    @model_validator(mode="after")
    def _whole(self) -> KnowledgeSettings:
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url is {self.base_url!r}; expected http(s)://host:port/v1")
        if bool(self.base_url) != bool(self.model):
            raise ValueError("base_url and model belong together; set both or neither")
        return self

    @property
    def remote(self) -> bool:
        """Whether a server makes the vectors."""
        return bool(self.base_url)

    def embedder(self, directory: Path) -> Embedder:
        """What makes the vectors of the knowledge base in `directory`. Loads libraries; the model that
        comes along takes 0.1-2 s. Raises KnowledgeError."""
        if not self.remote:
            from controller.dialogue.knowledge.minilm import MiniLm

            return MiniLm(directory / MODEL_CACHE)
        from controller.dialogue.knowledge.openai_embedder import OpenAiEmbedder

        key = self.api_key or os.environ.get(self.api_key_env, "")
        return OpenAiEmbedder(self.base_url, self.model, key, self.dimensions)

    def in_time(self, embedder: Embedder) -> Meaning | None:
        """What asks the server for a question's vector; None when there is no server."""
        if not self.remote:
            return None
        from controller.dialogue.knowledge.openai_embedder import InTime

        return InTime(embedder, self.query_ms / 1000)
