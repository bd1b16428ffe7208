"""Base of everything a flow file holds: frozen, strict about its keys, texts by language.

Knows pydantic and nothing of nodes, slots or sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel, model_validator
from pydantic_core import PydanticCustomError

ANY_LANGUAGE = "*"


class Model(BaseModel):
    """A frozen mapping of a flow file. An unknown key is an error that names the known ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys_only(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = {field.alias or name for name, field in cls.model_fields.items()}
            for key in data:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key '{key}'; expected one of: {known}",
                        {"key": str(key), "known": ", ".join(sorted(known))},
                    )
        return data


class Text(RootModel[Mapping[str, str]]):
    """A text in every language of its flow. A plain string stands for all of them."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, data: Any) -> Any:
        return {ANY_LANGUAGE: data} if isinstance(data, str) else data

    def has(self, language: str) -> bool:
        """Whether there are words for this language."""
        return language in self.root or ANY_LANGUAGE in self.root

    def of(self, language: str) -> str:
        """The words. Raises KeyError for a language it doesn't have (checked when a flow loads)."""
        return self.root[language] if language in self.root else self.root[ANY_LANGUAGE]
