"""The errors a synthesiser can raise or report, all of them `TtsError`."""

from __future__ import annotations


class TtsError(Exception):
    """Speech could not be made; the message says what was wrong and what to do."""


class UnknownEngine(TtsError):
    """No synthesiser goes by that name, built in or installed as an entry point."""


class UnknownVoice(TtsError):
    """The engine has no such voice or language."""


class UnsupportedVoice(TtsError):
    """The voice is there but needs something this product doesn't carry."""


class EngineFailed(TtsError):
    """The engine ran and failed; it is rebuilt for the next call."""
