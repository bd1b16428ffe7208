"""Notification texts by id, each in every language, with the parameters it needs.

A text uses `$name` for a parameter: plain substitution, so that nothing a caller says is ever run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template as Substitution
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from controller.tools.base import ToolError


class TemplateError(Exception):
    """The templates' file can't be used; the message says where and why."""


class Param(BaseModel):
    """What a parameter may be. An optional one that isn't given is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_chars: int = Field(200, ge=1, le=2000)
    optional: bool = False


class Template(BaseModel):
    """One notification."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    params: Mapping[str, Param] = {}
    text: Mapping[str, str] = Field(min_length=1)

    @model_validator(mode="after")
    def _uses_known_params(self) -> Template:
        for language, text in self.text.items():
            substitution = Substitution(text)
            if not substitution.is_valid():
                raise ValueError(f"text.{language}: a $ that begins no name; write $$ for the sign")
            if unknown := set(substitution.get_identifiers()) - self.params.keys():
                raise ValueError(f"text.{language}: no such parameter: {', '.join(sorted(unknown))}")
        return self

    def render(self, params: Mapping[str, str], language: str) -> str:
        """The text in `language`, or in the first one it has. Raises ToolError (bad_arguments)."""
        if unknown := params.keys() - self.params.keys():
            raise ToolError(
                f"unknown parameters: {', '.join(sorted(unknown)[:5])[:200]}", code="bad_arguments"
            )
        values = {}
        for name, param in self.params.items():
            value = " ".join(params.get(name, "").split())
            if not value and not param.optional:
                raise ToolError(f"parameter {name} is missing", code="bad_arguments")
            if len(value) > param.max_chars:
                raise ToolError(
                    f"parameter {name} is longer than {param.max_chars} characters", code="bad_arguments"
                )
            values[name] = value
        code = language.replace("_", "-").partition("-")[0].lower()
        text = self.text[code] if code in self.text else next(iter(self.text.values()))
        return Substitution(text).substitute(values).strip()


class _File(RootModel[Mapping[str, Template]]):
    model_config = ConfigDict(frozen=True)


def load_templates(path: Path) -> Mapping[str, Template]:
    """Templates by id from a YAML file. Raises TemplateError."""
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _File.model_validate(data).root
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TemplateError(f"{path}: {error}") from error
    except ValidationError as error:
        details = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()
        )
        raise TemplateError(f"{path}: {details}") from error
