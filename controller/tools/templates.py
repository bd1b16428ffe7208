"""Notification texts by id, each in every language, with the parameters it needs.

A text uses `$name` for a parameter: plain substitution, so that nothing a caller says is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template as Substitution
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from controller.tools.base import ToolError

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no receiver, database or mail header should meet."""


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
    subject: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _uses_known_params(self) -> Template:
        texts = {f"text.{code}": text for code, text in self.text.items()}
        texts |= {f"subject.{code}": text for code, text in self.subject.items()}
        for where, text in texts.items():
            substitution = Substitution(text)
            if not substitution.is_valid():
                raise ValueError(f"{where}: a $ that begins no name; write $$ for the sign")
            if unknown := set(substitution.get_identifiers()) - self.params.keys():
                raise ValueError(f"{where}: no such parameter: {', '.join(sorted(unknown))}")
        return self

    def render(self, params: Mapping[str, str], language: str) -> str:
        """The text in `language`, or in the first one it has. Raises ToolError (bad_arguments)."""
        return _in_language(self.text, language, self.checked(params)).strip()

    def render_subject(self, params: Mapping[str, str], language: str) -> str:
        """The same for the subject, one line; "" when there is none."""
        if not self.subject:
            return ""
        return " ".join(_in_language(self.subject, language, self.checked(params)).split())

    def checked(self, params: Mapping[str, str]) -> Mapping[str, str]:
        """The parameters' values, each one line. Raises ToolError (bad_arguments)."""
        if unknown := params.keys() - self.params.keys():
            raise ToolError(
                f"unknown parameters: {', '.join(sorted(unknown)[:5])[:200]}", code="bad_arguments"
            )
        values = {}
        for name, param in self.params.items():
            value = " ".join(_CONTROL.sub(" ", params.get(name, "")).split())
            if not value and not param.optional:
                raise ToolError(f"parameter {name} is missing", code="bad_arguments")
            if len(value) > param.max_chars:
                raise ToolError(
                    f"parameter {name} is longer than {param.max_chars} characters", code="bad_arguments"
                )
            values[name] = value
        return values


def _in_language(texts: Mapping[str, str], language: str, values: Mapping[str, str]) -> str:
    code = language.replace("_", "-").partition("-")[0].lower()
    text = texts[code] if code in texts else next(iter(texts.values()))
    return Substitution(text).substitute(values)


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
