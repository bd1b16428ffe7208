"""Reading the settings: environment, file and command line put together, and told apart.

Raises `SettingsError`, whose text names the setting, the value and what is allowed.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings.exceptions import SettingsError as SettingsSourceError

from controller.observe.redaction import is_secret_name
from controller.settings import PREFIX, BotSettings, Settings, default_bots


class SettingsError(Exception):
    """A setting is wrong; the text says which, what it was, and what is allowed."""


def load(config: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force. Raises SettingsError.

    `overrides`: dotted names to values, from the command line.
    """
    known_env(os.environ)
    file = config or (Path(p) if (p := os.environ.get(PREFIX + "CONFIG")) else None)
    values = _read(file) if file else {}
    for name, value in (overrides or {}).items():
        _put(values, name.split("."), value)
    values = _merge_bots(values)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    except SettingsSourceError as error:  # an environment value that should be JSON and is not
        raise SettingsError(f"environment: {error}; lists and tables are written as JSON") from None


def known_env(environ: Mapping[str, str]) -> None:
    """Raises SettingsError for a variable with our prefix that names no setting."""
    tops = {name.upper() for name in Settings.model_fields} | {"CONFIG"}
    for name in environ:
        if name.startswith(PREFIX) and name[len(PREFIX) :].split("__")[0] not in tops:
            raise SettingsError(f"{name}: no such setting; known: {', '.join(sorted(tops))}")


def parse_override(text: str) -> tuple[str, str]:
    """`http.port=8080` from the command line. Raises SettingsError."""
    name, sep, value = text.partition("=")
    if not sep or not name:
        raise SettingsError(f"--set {text}: expected NAME=VALUE, such as http.port=8080")
    return name.strip(), value


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}; give the path of a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from None


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise SettingsError(f"{'.'.join(path)}: {part} is not a section")
    values[path[-1]] = value


def _merge_bots(values: dict[str, Any]) -> dict[str, Any]:
    """Own bots stand beside the built-in ones; a built-in one's section changes only what it names."""
    prefix = PREFIX + "BOTS__"
    touched = dict(values.get("bots", {}))
    for variable in os.environ:
        if variable.startswith(prefix):
            touched.setdefault(variable[len(prefix) :].split("__")[0].lower(), {})
    if not touched:
        return values
    bots: dict[str, Any] = {name: bot.model_dump() for name, bot in default_bots().items()}
    for name, own in touched.items():
        bots[name] = _deep(bots.get(name, {}), own if isinstance(own, dict) else {})
    # the environment is weaker than the file, so it must be applied below it
    for variable, value in os.environ.items():
        if not variable.startswith(prefix):
            continue
        path = variable[len(prefix) :].lower().split("__")
        if not _has(values.get("bots", {}), path):
            _put(bots, path, value)
    return {**values, "bots": bots}


def _has(values: Any, path: list[str]) -> bool:
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _deep(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = (
            _deep(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def _explain(error: ValidationError) -> str:
    return "\n".join(_explain_one(e) for e in error.errors())


def _explain_one(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{name}: no such setting; see `switchtalk settings` for all of them"
    message: str = error["msg"].removeprefix("Value error, ")
    if not name:
        return message
    given = "***" if is_secret_name(name) else repr(error["input"])
    return f"{name} = {given}: {message}"


def document(settings: Settings) -> Iterable[tuple[str, Any, Any, str]]:
    """(name, value, default, description) of every setting; bots only as one template section."""
    yield from _document(Settings, settings, "")


def _document(model: type[BaseModel], value: Any, prefix: str) -> Iterable[tuple[str, Any, Any, str]]:
    for name, field in model.model_fields.items():
        current = getattr(value, name)
        if name == "bots":
            for bot, section in current.items():
                yield from _document(BotSettings, section, f"bots.{bot}.")
        elif isinstance(current, BaseModel):
            yield from _document(type(current), current, f"{prefix}{name}.")
        else:
            default = field.get_default(call_default_factory=True)
            yield f"{prefix}{name}", current, default, field.description or ""
