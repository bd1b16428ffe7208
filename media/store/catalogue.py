"""Which models can be fetched, and from where: `media/data/models.toml` as values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from media.store.errors import UnknownModel


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One download. `sha256` is empty and `bytes` 0 where they aren't known."""

    url: str
    sha256: str
    bytes: int

    @property
    def name(self) -> str:
        """The file's name, last in its URL."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the catalogue. `size_mb`: megabytes to download."""

    name: str
    kind: Literal["asr", "tts"]
    engine: str
    language: str
    install: Literal["unzip", "files"]
    size_mb: int
    licence: str
    good_for: str
    files: tuple[ModelFile, ...]

    @property
    def verified(self) -> bool:
        """A digest is known for every file."""
        return all(file.sha256 for file in self.files)

    def target(self, models_dir: Path) -> Path:
        """Where it is installed: a directory for Vosk, the onnx file for Piper."""
        if self.install == "unzip":
            return models_dir / self.engine / self.language
        return models_dir / self.engine / self.files[0].name


def parse(text: str) -> dict[str, Model]:
    """Models by name from TOML text. Raises ValueError, TypeError or KeyError: the file is ours."""
    models: dict[str, Model] = {}
    for entry in tomllib.loads(text)["model"]:
        fields: dict[str, Any] = dict(entry)
        fields["files"] = tuple(ModelFile(**file) for file in fields["files"])
        models[fields["name"]] = Model(**fields)
    return models


@cache
def catalogue() -> dict[str, Model]:
    """The models this version knows, by name."""
    return parse(files("media").joinpath("data/models.toml").read_text("utf-8"))


def find(name: str) -> Model:
    """The model called `name`, or UnknownModel with the names there are."""
    model = catalogue().get(name)
    if model is None:
        raise UnknownModel(f"no model {name!r}; there are: {', '.join(sorted(catalogue()))}")
    return model
