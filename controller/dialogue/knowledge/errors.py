"""What can go wrong with a knowledge base. Every message says what to do."""

from __future__ import annotations


class KnowledgeError(Exception):
    """Anything about the knowledge base that a person has to put right."""


class UnknownFormat(KnowledgeError):
    """The file's name ends in nothing that can be read."""


class TooBig(KnowledgeError):
    """The file, or what it unfolds to, is over a limit."""


class Unreadable(KnowledgeError):
    """The file is damaged, locked, or not what its name says."""


class Empty(Unreadable):
    """The file was read and holds no text."""


class UnknownSource(KnowledgeError):
    """No source of that name is in the knowledge base."""


class BadName(KnowledgeError):
    """That can't be the name of a source."""


class EmbedderDown(KnowledgeError):
    """The server that makes vectors gives none, or none that can be used."""


class OtherEmbedder(KnowledgeError):
    """The vectors that are stored were made by another embedder than the one at hand."""


class StoreBroken(KnowledgeError):
    """The knowledge base's own file can't be used."""
