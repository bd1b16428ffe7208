"""What the knowledge base asks of an embedder. `minilm` comes along; `openai_embedder` is any
OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Meaning as vectors: the embedded MiniLM, or any service that fits here. Thread-safe."""

    @property
    def name(self) -> str:
        """Vectors of different names are never compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dimensions) float32, rows of length 1; a row of zeros for a text in a language
        it doesn't know, which is then found by keywords. Blocking. Raises EmbedderDown."""
        ...
