"""What can go wrong when a recogniser is made. Failures of a running engine reach `on_error`."""

from __future__ import annotations


class AsrError(Exception):
    """Base of what this package raises."""


class UnknownEngine(AsrError):
    """No recogniser of that name is built in or installed."""


class UnsupportedLanguage(AsrError):
    """The engine has no model for the language."""


class BadModel(AsrError):
    """A model directory is incomplete or can't be loaded."""
